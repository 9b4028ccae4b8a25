/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Why a chat went without a cached context. */
export type CacheBypassReason =
  /** The context could not be created, or not within PROMPT_WAIT_MS. The creation is tried again later. */
  | 'CREATE_FAILED'
  /** The gateway caches no context for this model. */
  | 'MODEL_CANNOT_CACHE'
  /** The prompt is shorter than the gateway caches for this model. */
  | 'TOO_SHORT';

/** How a chat used the cache. */
export type CacheStatus =
  /** Without a context: the prompt’s messages were sent with the chat, at the full price. */
  | 'BYPASSED'
  /** With the prompt’s context, which was created for this chat. */
  | 'CREATED'
  /** With a context that the gateway had lost and that was created again. */
  | 'RECREATED'
  /** With a context that existed before. */
  | 'USED';

/** A prompt to be cached, and how often it would be used. */
export type CachingAdviceInput = {
  /** Chats with it per hour, above 0. */
  chatsPerHour: number;
  /** Id of the model. */
  model: string;
  /** Tokens in the prompt, at least 1. */
  promptTokens: number;
};

/** A chat with a context or a prompt. Omitted fields get the prompt’s defaults, else the gateway’s. Source: `POST /context/chat/completions`. */
export type ChatInput = {
  /** Id of the context, as `createContext` returned it. Either this or `prompt` is required. */
  contextId?: string | null | undefined;
  /** -2 to 2; above 0, tokens become less likely the more they occurred. */
  frequencyPenalty?: number | null | undefined;
  /** A string of your choice, 1 to 255 characters. For 24 hours, requests with the same key and input get the first answer, even while that request is still running, and nothing is done or billed twice. The same key with different input is an IDEMPOTENCY_CONFLICT. Failures that can be retried are not stored; after a failure whose request may have been processed, the key gets OUTCOME_UNKNOWN. For the `chat` mutation, and for a `chatStream` with onDisconnect CONTINUE, where the same key and input join the run for as long as it is kept. */
  idempotencyKey?: string | null | undefined;
  /** Tokens to prefer or to avoid. */
  logitBias?: Array<LogitBiasInput> | null | undefined;
  /** Maximum tokens per answer, at least 1. */
  maxTokens?: number | null | undefined;
  /** The new messages, at least one; the last must not be from the ASSISTANT. Do not repeat those of the context. With `prompt`, only USER and ASSISTANT, unless the operator allows more. */
  messages: Array<MessageInput>;
  /** Id of the model. Default: the one that the context was created for, if this server knows it. Not with `prompt`, which names its model. */
  model?: string | null | undefined;
  /** How many answers, at least 1; each is billed. */
  n?: number | null | undefined;
  /** What a `chatStream` does when its client disconnects. Other operations ignore it. */
  onDisconnect?: OnDisconnect | null | undefined;
  /** -2 to 2; above 0, tokens that occurred become less likely. */
  presencePenalty?: number | null | undefined;
  /** Name of one of the operator’s prompts, as `prompts` lists them. This server caches it at the gateway, so there is no context to create, keep or recreate. */
  prompt?: string | null | undefined;
  /** Up to 4 stop sequences. */
  stop?: Array<string> | null | undefined;
  /** Sampling temperature, 0 to 2. */
  temperature?: number | null | undefined;
  /** Nucleus sampling: the probability mass to draw from, 0 to 1. */
  topP?: number | null | undefined;
};

/** The state of a run. */
export type ChatRunStatus =
  /** The answer is complete. */
  | 'DONE'
  /** It failed; `failure` says why. Its text is kept. */
  | 'FAILED'
  /** Its server process ended. The text stored so far is kept; the chat may be sent again. */
  | 'INTERRUPTED'
  /** The answer is still coming. */
  | 'RUNNING'
  /** It was stopped by `stopChat`, or because nobody watched it. Its text is kept. */
  | 'STOPPED';

/** Whether chats extend a context. Source: the documentation of its model’s API. */
export type ContextExpiry =
  /** It expires at a time fixed at creation. */
  | 'FIXED'
  /** Each chat restarts the ttl. */
  | 'SLIDING';

/** How the gateway treats chats with a context. */
export type ContextMode =
  /** The initial messages never change; any number of chats can share the context at once. */
  | 'COMMON_PREFIX'
  /** One conversation: each question and answer is added to the context, a chat sends only the new messages, and only one chat runs at a time. */
  | 'SESSION';

/** The arguments of `POST /context/create`. Omitted fields are not sent, so that the gateway’s defaults apply. */
export type CreateContextInput = {
  /** A string of your choice, 1 to 255 characters. For 24 hours, requests with the same key and input get the first answer, even while that request is still running, and nothing is done or billed twice. The same key with different input is an IDEMPOTENCY_CONFLICT. Failures that can be retried are not stored; after a failure whose request may have been processed, the key gets OUTCOME_UNKNOWN. */
  idempotencyKey?: string | null | undefined;
  /** The messages to cache, at least one, the oldest first. */
  messages: Array<MessageInput>;
  /** How the gateway treats later chats. One of the model’s `models { cache { modes } }`; default: the first of them, which is SESSION, or COMMON_PREFIX for `gemini-*` models. */
  mode?: ContextMode | null | undefined;
  /** Id of the model, e.g. `Doubao-1.5-pro-32k`; not blank. `models` lists the available models and whether they support context caching. */
  model: string;
  /** Return a live context with the same model, messages and ttl that has at least a minute left, and create one only if there is none. Only with COMMON_PREFIX. Only your own contexts are reused, unless the operator has enabled sharing. */
  reuse?: boolean | null | undefined;
  /** Only with mode SESSION, and not where the model’s `cache.expiry` is FIXED. The gateway has a default. */
  truncationStrategy?: TruncationStrategyInput | null | undefined;
  /** Seconds until the context expires, 3600 (an hour) to 604800 (7 days); for models with other bounds, `models { cache { minTtl maxTtl } }` has them. Each chat restarts it, unless the model’s `cache.expiry` is FIXED. The gateway has a default (Ark: 86400; its Responses API: 259200). */
  ttl?: number | null | undefined;
};

/** What went wrong; also every `errors[].extensions.code`. */
export type ErrorCode =
  /** The input is invalid, for this server or the gateway (400, 413, 422). Correct it. */
  | 'BAD_USER_INPUT'
  /** The client disconnected, or the run was stopped. */
  | 'CANCELLED'
  /** The gateway’s moderation refused the content. */
  | 'CONTENT_REJECTED'
  /** No such context: unknown, expired or another caller’s (not distinguished). Create a new one. */
  | 'CONTEXT_NOT_FOUND'
  /** The credential does not allow it. */
  | 'FORBIDDEN'
  /** The gateway rejects this server’s key; the operator must fix it. */
  | 'GATEWAY_AUTH'
  /** The gateway’s response is not JSON, truncated, too large or violates the contract. */
  | 'GATEWAY_BAD_RESPONSE'
  /** The gateway took too long. */
  | 'GATEWAY_TIMEOUT'
  /** The gateway cannot be reached or failed (5xx). */
  | 'GATEWAY_UNAVAILABLE'
  /** The idempotency key was used with other input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** A fault of this server. Report it with the requestId. */
  | 'INTERNAL_SERVER_ERROR'
  /** The model is unknown or not open to this account. */
  | 'MODEL_NOT_FOUND'
  /** A request with this idempotency key may have been processed, and its answer is lost. Look at the context, or send it again with a new key. */
  | 'OUTCOME_UNKNOWN'
  /** No such prompt, or not for this caller (not distinguished). Query `prompts`. */
  | 'PROMPT_NOT_FOUND'
  /** The account has no balance left, or a daily quota is used up. */
  | 'QUOTA_EXCEEDED'
  /** A limit here or at the gateway is exceeded. Wait retryAfter seconds, if given. */
  | 'RATE_LIMITED'
  /** No such run: unknown, deleted or another caller’s (not distinguished). */
  | 'RUN_NOT_FOUND'
  /** No valid credential was sent. */
  | 'UNAUTHENTICATED';

/** Why an answer ended. */
export type FinishReason =
  /** The gateway’s moderation cut it off. */
  | 'CONTENT_FILTER'
  /** It reached maxTokens or the model’s context window. */
  | 'LENGTH'
  /** Any other reason. */
  | 'OTHER'
  /** The model finished, or hit a stop sequence. */
  | 'STOP'
  /** The model wants to call a tool. */
  | 'TOOL_CALLS';

/** How much likelier or less likely one token becomes. */
export type LogitBiasInput = {
  /** -100 (never) to 100 (always). */
  bias: number;
  /** Id of the token in the model’s vocabulary, in digits. */
  token: string;
};

/** A message in OpenAI’s format. At least one of `role` and `content` is required. Strings must not contain NUL characters or lone surrogates. */
export type MessageInput = {
  /** The text of the message. Omitted if not given. */
  content?: string | null | undefined;
  /** The author of the message. Omitted if not given. */
  role?: MessageRole | null | undefined;
};

/** The author of a message. */
export type MessageRole =
  /** The model. */
  | 'ASSISTANT'
  /** Instructions to the model: a persona, rules, documents. */
  | 'SYSTEM'
  /** The user. */
  | 'USER';

/** What a `chatStream` does when its client disconnects. */
export type OnDisconnect =
  /** It aborts the call to the gateway. */
  | 'CANCEL'
  /** It goes on as a run: `resumeChat` shows it again, `stopChat` ends it. Its text is stored for RUN_KEPT_SECONDS. */
  | 'CONTINUE';

/** Whether the prompt’s context exists. */
export type PromptCacheState =
  /** There is none; the next chat creates it. */
  | 'COLD'
  /** Its creation failed. Chats go without it until this server tries again, after at most 5 minutes. */
  | 'FAILED'
  /** There is one; the next chat uses it. */
  | 'WARM';

/** What the gateway drops when a session exceeds the model’s context window (Volcengine Ark only). */
export type TruncationStrategyInput = {
  /** Tokens of history to keep, at least 1. Only with LAST_HISTORY_TOKENS. */
  lastHistoryTokens?: number | null | undefined;
  /** Maximum tokens of history, at least 1 (Ark: 32768). Only with ROLLING_TOKENS. */
  maxWindowTokens?: number | null | undefined;
  /** Whether the oldest tokens are dropped as new ones are added. Only with ROLLING_TOKENS. */
  rollingTokens?: boolean | null | undefined;
  /** Tokens to drop at once when the window is full, at least 1 (Ark: 4096). Only with ROLLING_TOKENS. */
  rollingWindowTokens?: number | null | undefined;
  /** The strategy. */
  type: TruncationType;
};

/** What is dropped when a session exceeds the model’s context window. */
export type TruncationType =
  /** Everything but the given number of most recent tokens. */
  | 'LAST_HISTORY_TOKENS'
  /** The oldest tokens, as new ones are added. */
  | 'ROLLING_TOKENS';

export type CreateContextMutationVariables = Exact<{
  input: CreateContextInput;
}>;


export type CreateContextMutation = { createContext: { id: string, model: string, mode: ContextMode | null, ttl: number | null, createdAt: string, expiresAt: string | null, reused: boolean, truncationStrategy: { type: TruncationType | null, rollingTokens: boolean | null } | null, usage: { promptTokens: number, completionTokens: number, totalTokens: number, promptTokensDetails: { cachedTokens: number } | null } | null } };

export type ResumeChatSubscriptionVariables = Exact<{
  runId: string;
  after: number;
}>;


export type ResumeChatSubscription = { resumeChat:
    | { __typename: 'ChatDelta', seq: number | null, index: number, content: string | null, reasoningContent: string | null, finishReason: FinishReason | null }
    | { __typename: 'ChatDone', usage: { promptTokens: number, completionTokens: number, promptTokensDetails: { cachedTokens: number } | null, cost: { total: { amount: string, currency: string } } | null } | null, context: { id: string, expiresAt: string | null } | null, cache: { status: CacheStatus, reason: CacheBypassReason | null } }
    | { __typename: 'ChatFailure', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'ChatStarted', runId: string }
   };

export type ChatRunsQueryVariables = Exact<{ [key: string]: never; }>;


export type ChatRunsQuery = { chatRuns: Array<{ id: string, status: ChatRunStatus, model: string, prompt: string | null, startedAt: string, endedAt: string | null, choices: Array<{ message: { content: string | null } }>, failure: { code: ErrorCode, message: string } | null }> };

export type StopChatMutationVariables = Exact<{
  runId: string;
}>;


export type StopChatMutation = { stopChat: { id: string, status: ChatRunStatus } };

export type CachingAdviceQueryVariables = Exact<{
  input: CachingAdviceInput;
}>;


export type CachingAdviceQuery = { cachingAdvice: { worthIt: boolean, breakEvenChatsPerHour: number | null, ttl: number | null, withCachePerHour: { amount: string, currency: string }, withoutCachePerHour: { amount: string, currency: string } } };

export type ForgetContextMutationVariables = Exact<{
  id: string;
}>;


export type ForgetContextMutation = { forgetContext: boolean };

export type ChatMutationVariables = Exact<{
  input: ChatInput;
}>;


export type ChatMutation = { chat: { id: string, model: string, choices: Array<{ finishReason: FinishReason | null, message: { role: MessageRole, content: string | null, reasoningContent: string | null } }>, usage: { promptTokens: number, completionTokens: number, promptTokensDetails: { cachedTokens: number } | null, cost: { total: { amount: string, currency: string } } | null } | null, context: { id: string, expiresAt: string | null } | null, cache: { status: CacheStatus, reason: CacheBypassReason | null } } };

export type ChatStreamSubscriptionVariables = Exact<{
  input: ChatInput;
}>;


export type ChatStreamSubscription = { chatStream:
    | { __typename: 'ChatDelta', seq: number | null, index: number, content: string | null, reasoningContent: string | null, finishReason: FinishReason | null }
    | { __typename: 'ChatDone', usage: { promptTokens: number, completionTokens: number, promptTokensDetails: { cachedTokens: number } | null, cost: { total: { amount: string, currency: string } } | null } | null, context: { id: string, expiresAt: string | null } | null, cache: { status: CacheStatus, reason: CacheBypassReason | null } }
    | { __typename: 'ChatFailure', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'ChatStarted', runId: string }
   };

export type ModelsQueryVariables = Exact<{ [key: string]: never; }>;


export type ModelsQuery = { models: Array<{ id: string, ownedBy: string | null, supportsContextCache: boolean, cache: { modes: Array<ContextMode>, expiry: ContextExpiry, minPromptTokens: number | null } | null }> };

export type ContextsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type ContextsQuery = { contexts: { edges: Array<{ node: { id: string, model: string, mode: ContextMode | null, createdAt: string, lastUsedAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number, cacheHitRate: number | null } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CacheReportQueryVariables = Exact<{ [key: string]: never; }>;


export type CacheReportQuery = { cacheReport: { contexts: number, totals: { chats: number, promptTokens: number, cachedTokens: number, completionTokens: number, cacheHitRate: number | null }, money: { pricedShare: number, spent: { total: { amount: string, currency: string } }, storage: { amount: string }, withoutCache: { amount: string }, saved: { amount: string, currency: string } } | null, byModel: Array<{ model: string, contexts: number, totals: { cachedTokens: number, cacheHitRate: number | null }, money: { saved: { amount: string, currency: string } } | null }>, byPrompt: Array<{ prompt: string, totals: { chats: number, cachedTokens: number, cacheHitRate: number | null }, money: { saved: { amount: string, currency: string } } | null }> } };

export type ContextQueryVariables = Exact<{
  id: string;
}>;


export type ContextQuery = { context: { id: string, model: string, mode: ContextMode | null, ttl: number | null, createdAt: string, lastUsedAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number, cacheHitRate: number | null } } | null };

export type PromptsQueryVariables = Exact<{ [key: string]: never; }>;


export type PromptsQuery = { prompts: Array<{ name: string, title: string | null, description: string | null, model: string, version: string, cache: { state: PromptCacheState, promptTokens: number | null, expiresAt: string | null }, totals: { chats: number, promptTokens: number, cachedTokens: number, cacheHitRate: number | null } }> };

export type ChatByNameMutationVariables = Exact<{
  input: ChatInput;
}>;


export type ChatByNameMutation = { chat: { choices: Array<{ message: { content: string | null } }>, usage: { promptTokens: number, promptTokensDetails: { cachedTokens: number } | null } | null, cache: { status: CacheStatus, reason: CacheBypassReason | null, promptVersion: string | null } } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const CreateContextDocument = new TypedDocumentString(`
    mutation CreateContext($input: CreateContextInput!) {
  createContext(input: $input) {
    id
    model
    mode
    ttl
    truncationStrategy {
      type
      rollingTokens
    }
    usage {
      promptTokens
      completionTokens
      totalTokens
      promptTokensDetails {
        cachedTokens
      }
    }
    createdAt
    expiresAt
    reused
  }
}
    `) as unknown as TypedDocumentString<CreateContextMutation, CreateContextMutationVariables>;
export const ResumeChatDocument = new TypedDocumentString(`
    subscription ResumeChat($runId: ID!, $after: Int!) {
  resumeChat(runId: $runId, after: $after) {
    __typename
    ... on ChatStarted {
      runId
    }
    ... on ChatDelta {
      seq
      index
      content
      reasoningContent
      finishReason
    }
    ... on ChatDone {
      usage {
        promptTokens
        completionTokens
        promptTokensDetails {
          cachedTokens
        }
        cost {
          total {
            amount
            currency
          }
        }
      }
      context {
        id
        expiresAt
      }
      cache {
        status
        reason
      }
    }
    ... on ChatFailure {
      code
      message
      retryable
      retryAfter
    }
  }
}
    `) as unknown as TypedDocumentString<ResumeChatSubscription, ResumeChatSubscriptionVariables>;
export const ChatRunsDocument = new TypedDocumentString(`
    query ChatRuns {
  chatRuns {
    id
    status
    model
    prompt
    startedAt
    endedAt
    choices {
      message {
        content
      }
    }
    failure {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ChatRunsQuery, ChatRunsQueryVariables>;
export const StopChatDocument = new TypedDocumentString(`
    mutation StopChat($runId: ID!) {
  stopChat(runId: $runId) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<StopChatMutation, StopChatMutationVariables>;
export const CachingAdviceDocument = new TypedDocumentString(`
    query CachingAdvice($input: CachingAdviceInput!) {
  cachingAdvice(input: $input) {
    worthIt
    breakEvenChatsPerHour
    withCachePerHour {
      amount
      currency
    }
    withoutCachePerHour {
      amount
      currency
    }
    ttl
  }
}
    `) as unknown as TypedDocumentString<CachingAdviceQuery, CachingAdviceQueryVariables>;
export const ForgetContextDocument = new TypedDocumentString(`
    mutation ForgetContext($id: ID!) {
  forgetContext(id: $id)
}
    `) as unknown as TypedDocumentString<ForgetContextMutation, ForgetContextMutationVariables>;
export const ChatDocument = new TypedDocumentString(`
    mutation Chat($input: ChatInput!) {
  chat(input: $input) {
    id
    model
    choices {
      message {
        role
        content
        reasoningContent
      }
      finishReason
    }
    usage {
      promptTokens
      completionTokens
      promptTokensDetails {
        cachedTokens
      }
      cost {
        total {
          amount
          currency
        }
      }
    }
    context {
      id
      expiresAt
    }
    cache {
      status
      reason
    }
  }
}
    `) as unknown as TypedDocumentString<ChatMutation, ChatMutationVariables>;
export const ChatStreamDocument = new TypedDocumentString(`
    subscription ChatStream($input: ChatInput!) {
  chatStream(input: $input) {
    __typename
    ... on ChatStarted {
      runId
    }
    ... on ChatDelta {
      seq
      index
      content
      reasoningContent
      finishReason
    }
    ... on ChatDone {
      usage {
        promptTokens
        completionTokens
        promptTokensDetails {
          cachedTokens
        }
        cost {
          total {
            amount
            currency
          }
        }
      }
      context {
        id
        expiresAt
      }
      cache {
        status
        reason
      }
    }
    ... on ChatFailure {
      code
      message
      retryable
      retryAfter
    }
  }
}
    `) as unknown as TypedDocumentString<ChatStreamSubscription, ChatStreamSubscriptionVariables>;
export const ModelsDocument = new TypedDocumentString(`
    query Models {
  models {
    id
    ownedBy
    supportsContextCache
    cache {
      modes
      expiry
      minPromptTokens
    }
  }
}
    `) as unknown as TypedDocumentString<ModelsQuery, ModelsQueryVariables>;
export const ContextsDocument = new TypedDocumentString(`
    query Contexts($first: Int!, $after: String) {
  contexts(first: $first, after: $after) {
    edges {
      node {
        id
        model
        mode
        createdAt
        lastUsedAt
        expiresAt
        totals {
          chats
          promptTokens
          cachedTokens
          cacheHitRate
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<ContextsQuery, ContextsQueryVariables>;
export const CacheReportDocument = new TypedDocumentString(`
    query CacheReport {
  cacheReport {
    contexts
    totals {
      chats
      promptTokens
      cachedTokens
      completionTokens
      cacheHitRate
    }
    money {
      spent {
        total {
          amount
          currency
        }
      }
      storage {
        amount
      }
      withoutCache {
        amount
      }
      saved {
        amount
        currency
      }
      pricedShare
    }
    byModel {
      model
      contexts
      totals {
        cachedTokens
        cacheHitRate
      }
      money {
        saved {
          amount
          currency
        }
      }
    }
    byPrompt {
      prompt
      totals {
        chats
        cachedTokens
        cacheHitRate
      }
      money {
        saved {
          amount
          currency
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CacheReportQuery, CacheReportQueryVariables>;
export const ContextDocument = new TypedDocumentString(`
    query Context($id: ID!) {
  context(id: $id) {
    id
    model
    mode
    ttl
    createdAt
    lastUsedAt
    expiresAt
    totals {
      chats
      promptTokens
      cachedTokens
      cacheHitRate
    }
  }
}
    `) as unknown as TypedDocumentString<ContextQuery, ContextQueryVariables>;
export const PromptsDocument = new TypedDocumentString(`
    query Prompts {
  prompts {
    name
    title
    description
    model
    version
    cache {
      state
      promptTokens
      expiresAt
    }
    totals {
      chats
      promptTokens
      cachedTokens
      cacheHitRate
    }
  }
}
    `) as unknown as TypedDocumentString<PromptsQuery, PromptsQueryVariables>;
export const ChatByNameDocument = new TypedDocumentString(`
    mutation ChatByName($input: ChatInput!) {
  chat(input: $input) {
    choices {
      message {
        content
      }
    }
    usage {
      promptTokens
      promptTokensDetails {
        cachedTokens
      }
    }
    cache {
      status
      reason
      promptVersion
    }
  }
}
    `) as unknown as TypedDocumentString<ChatByNameMutation, ChatByNameMutationVariables>;