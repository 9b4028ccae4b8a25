/** Request bodies in the gateway's spelling (context-create.zh.txt, section 3.2). */
export interface WireMessage {
  role?: 'system' | 'user' | 'assistant' | undefined;
  content?: string | undefined;
}

export interface WireCreateContext {
  model: string;
  messages: WireMessage[];
  mode?: 'session' | 'common_prefix' | undefined;
  ttl?: number | undefined;
  truncation_strategy?: WireTruncationStrategy | undefined;
}

export interface WireTruncationStrategy {
  type: 'last_history_tokens' | 'rolling_tokens';
  last_history_tokens?: number | undefined;
  rolling_tokens?: boolean | undefined;
  max_window_tokens?: number | undefined;
  rolling_window_tokens?: number | undefined;
}

export interface WireChat {
  context_id?: string | undefined;
  model: string;
  messages: WireMessage[];
  temperature?: number | undefined;
  top_p?: number | undefined;
  n?: number | undefined;
  max_tokens?: number | undefined;
  stop?: string[] | undefined;
  presence_penalty?: number | undefined;
  frequency_penalty?: number | undefined;
  logit_bias?: Record<string, number> | undefined;
}

export interface WireChatStream extends WireChat {
  stream: true;
  stream_options?: { include_usage: true } | undefined;
}
