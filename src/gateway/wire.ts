/** The bodies that the gateway is sent, in its own spelling (context-create.zh.txt, section 3.2). */
export interface WireMessage {
  role?: 'system' | 'user' | 'assistant';
  content?: string;
}

export interface WireCreateContext {
  model: string;
  messages: WireMessage[];
  mode?: 'session' | 'common_prefix';
  ttl?: number;
  truncation_strategy?: WireTruncationStrategy;
}

export interface WireTruncationStrategy {
  type: 'last_history_tokens' | 'rolling_tokens';
  last_history_tokens?: number;
  rolling_tokens?: boolean;
}

export interface WireChat {
  context_id: string;
  model: string;
  messages: WireMessage[];
  temperature?: number;
  top_p?: number;
  n?: number;
  max_tokens?: number;
  stop?: string[];
  presence_penalty?: number;
  frequency_penalty?: number;
  logit_bias?: Record<string, number>;
}

export interface WireChatStream extends WireChat {
  stream: true;
  stream_options: { include_usage: true };
}
