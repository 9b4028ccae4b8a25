/** How the gateway keeps a context. */
export enum ContextMode {
  SESSION = 'SESSION',
  COMMON_PREFIX = 'COMMON_PREFIX',
}

export enum MessageRole {
  SYSTEM = 'SYSTEM',
  USER = 'USER',
  ASSISTANT = 'ASSISTANT',
}

export enum TruncationType {
  LAST_HISTORY_TOKENS = 'LAST_HISTORY_TOKENS',
  ROLLING_TOKENS = 'ROLLING_TOKENS',
}

/** The key of a call, and who has to replace it if it is refused. */
export interface GatewayCredential {
  key: string;
  owner: 'server' | 'caller';
}

/** The same status means different things for different calls. */
export type GatewayOperation = 'createContext' | 'chat' | 'deleteContext' | 'models';

/** What the meaning of an error response depends on. */
export interface CallFacts {
  operation: GatewayOperation;
  credential: GatewayCredential;
  /** The context that a chat names. */
  contextId?: string | undefined;
}

export interface Message {
  role?: MessageRole | null;
  content?: string | null;
}

export interface NewContext {
  model: string;
  messages: Message[];
  mode?: ContextMode | null;
  /** Seconds. */
  ttl?: number | null;
  truncationStrategy?: NewTruncationStrategy | null;
}

export interface NewTruncationStrategy {
  type: TruncationType;
  lastHistoryTokens?: number | null;
  rollingTokens?: boolean | null;
  maxWindowTokens?: number | null;
  rollingWindowTokens?: number | null;
}

/** A context from the gateway's response; null is what it left out. */
export interface CreatedContext {
  id: string;
  model: string;
  mode: ContextMode | null;
  /** Seconds. */
  ttl: number | null;
  /** When it ends whether it is used or not; milliseconds since the epoch. Left out: `ttl` after its last use. */
  expiresAt?: number | null;
  truncationStrategy: GatewayTruncationStrategy | null;
  usage: GatewayUsage | null;
}

export interface GatewayTruncationStrategy {
  type: TruncationType | null;
  lastHistoryTokens: number | null;
  rollingTokens: boolean | null;
  maxWindowTokens: number | null;
  rollingWindowTokens: number | null;
}

export interface GatewayUsage {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
  promptTokensDetails: { cachedTokens: number } | null;
  completionTokensDetails: { reasoningTokens: number } | null;
  cacheCreationInputTokens: number | null;
}

export interface GatewayModel {
  id: string;
  ownedBy: string | null;
  created: Date | null;
  supportedEndpointTypes: string[];
  /** Whether it was shut down, as Ark's list says. */
  isShutDown: boolean;
  /** The modes of contexts that the list says it has; null if the list does not say. */
  cacheModes: ContextMode[] | null;
}

export enum FinishReason {
  STOP = 'STOP',
  LENGTH = 'LENGTH',
  CONTENT_FILTER = 'CONTENT_FILTER',
  TOOL_CALLS = 'TOOL_CALLS',
  /** Any other reason. */
  OTHER = 'OTHER',
}

export interface NewChat {
  /** Left out: a chat without a context, whose messages are the whole conversation. */
  contextId?: string | undefined;
  model: string;
  messages: Message[];
  temperature?: number | null;
  topP?: number | null;
  n?: number | null;
  maxTokens?: number | null;
  stop?: string[] | null;
  presencePenalty?: number | null;
  frequencyPenalty?: number | null;
  logitBias?: { token: string; bias: number }[] | null;
}

/** Id, model, time and usage of a response; null is what the gateway left out. */
export interface ChatAnswerHead {
  id: string | null;
  model: string;
  created: Date | null;
  usage: GatewayUsage | null;
}

export interface ChatAnswer extends ChatAnswerHead {
  choices: ChatAnswerChoice[];
}

export interface ChatAnswerChoice {
  index: number;
  message: { role: MessageRole; content: string | null; reasoningContent: string | null };
  finishReason: FinishReason | null;
}

export interface ChatAnswerDelta {
  index: number;
  role: MessageRole | null;
  content: string | null;
  reasoningContent: string | null;
  finishReason: FinishReason | null;
}

/** `deltas`: how many deltas of the stream the usage covers; some of them may not have been read yet. */
export type OnUsage = (usage: GatewayUsage, deltas: number) => void;
