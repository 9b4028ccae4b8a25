/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** One question to a context or a prompt. What is left out is not sent, so that the gateway’s own defaults hold. Source: `POST /context/chat/completions`. */
export type ChatInput = {
  /** Id of the context, as `createContext` returned it. Either this or `prompt` is required. */
  contextId?: string | null | undefined;
  /** Above 0 tokens become less likely the more often they occurred, -2 to 2. */
  frequencyPenalty?: number | null | undefined;
  /** A string of your choice, 1 to 255 characters. For 24 hours, requests with the same key and input get the first answer, even while that request is still running, and nothing is done or billed twice. The same key with different input is an IDEMPOTENCY_CONFLICT. Failures that can be retried are not stored; after a failure whose request may have been processed, the key gets OUTCOME_UNKNOWN. For the `chat` mutation, and for a `chatStream` with onDisconnect CONTINUE, where the same key and input join the run for as long as it is kept. */
  idempotencyKey?: string | null | undefined;
  /** Tokens to prefer or to avoid. */
  logitBias?: Array<LogitBiasInput> | null | undefined;
  /** Tokens of the answer at most, at least 1. */
  maxTokens?: number | null | undefined;
  /** The new turn, at least one message; the last one is not from the ASSISTANT. What the context holds is not sent again. With `prompt`, only messages from USER and ASSISTANT, unless the operator allows more. */
  messages: Array<MessageInput>;
  /** Id of the model. Default: the one that the context was created for, if this server knows it. Not with `prompt`, which names its model. */
  model?: string | null | undefined;
  /** How many answers, at least 1; each is billed. */
  n?: number | null | undefined;
  /** What a `chatStream` does when its client disconnects. Other operations ignore it. */
  onDisconnect?: OnDisconnect | null | undefined;
  /** Above 0 tokens that occurred already become less likely, -2 to 2. */
  presencePenalty?: number | null | undefined;
  /** Name of one of the operator’s prompts, as `prompts` lists them. This server caches it at the gateway, so there is no context to create, keep or recreate. */
  prompt?: string | null | undefined;
  /** Up to 4 texts at which the answer ends. */
  stop?: Array<string> | null | undefined;
  /** How freely tokens are drawn, 0 to 2. */
  temperature?: number | null | undefined;
  /** Draw only from the likeliest tokens that make up this share, 0 to 1. */
  topP?: number | null | undefined;
};

/** The state of a run. */
export type ChatRunStatus =
  /** The answer is complete. */
  | 'DONE'
  /** It failed; `failure` says why. What came is kept. */
  | 'FAILED'
  /** The server process that had it ended. What was stored is kept, and the question may be asked again. */
  | 'INTERRUPTED'
  /** The answer is still coming. */
  | 'RUNNING'
  /** It was stopped by `stopChat`, or because nobody watched it. What came is kept. */
  | 'STOPPED';

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
  /** How the gateway treats later chats. Default: SESSION; contexts of `gemini-*` models are always prefixes. */
  mode?: ContextMode | null | undefined;
  /** Id of the model, e.g. `Doubao-1.5-pro-32k`; not blank. `models` lists the available models and whether they support context caching. */
  model: string;
  /** Return a live context with the same model, messages and ttl that has at least a minute left, and create one only if there is none. Only with COMMON_PREFIX. Only your own contexts are reused, unless the operator has enabled sharing. */
  reuse?: boolean | null | undefined;
  /** Only with mode SESSION. The gateway has a default. */
  truncationStrategy?: TruncationStrategyInput | null | undefined;
  /** Seconds until the context expires, 3600 (an hour) to 604800 (7 days); for `gemini-*` models any positive number. Each chat restarts it. The gateway has a default (Ark: 86400). */
  ttl?: number | null | undefined;
};

/** What went wrong; also every `errors[].extensions.code`. */
export type ErrorCode =
  /** What was sent is wrong, by the rules here or by the gateway’s (400, 413, 422). Mend it. */
  | 'BAD_USER_INPUT'
  /** The caller left before the answer came. */
  | 'CANCELLED'
  /** The gateway’s moderation refused the content. */
  | 'CONTENT_REJECTED'
  /** The context is unknown, has expired or is another caller’s: never told apart. Create a new one. */
  | 'CONTEXT_NOT_FOUND'
  /** The credential does not allow it. */
  | 'FORBIDDEN'
  /** The gateway refuses the server’s own key: the operator’s to mend. */
  | 'GATEWAY_AUTH'
  /** The gateway’s answer was not JSON, cut short, too large or not of the contract’s shape. */
  | 'GATEWAY_BAD_RESPONSE'
  /** The gateway took too long. */
  | 'GATEWAY_TIMEOUT'
  /** The gateway cannot be reached or has trouble of its own (5xx). */
  | 'GATEWAY_UNAVAILABLE'
  /** The same idempotency key came with another input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** A fault of this server. Report it with the requestId. */
  | 'INTERNAL_SERVER_ERROR'
  /** The gateway has no such model, or not for this account. */
  | 'MODEL_NOT_FOUND'
  /** A request with this idempotency key may have been processed, and its answer is lost. Look at the context, or send it again with a new key. */
  | 'OUTCOME_UNKNOWN'
  /** The prompt is unknown or not for this caller: never told apart. Query `prompts`. */
  | 'PROMPT_NOT_FOUND'
  /** There is no balance left, or the token budget is used up. */
  | 'QUOTA_EXCEEDED'
  /** Too much at once, by the limits here or the gateway’s. Wait retryAfter seconds. */
  | 'RATE_LIMITED'
  /** The run is unknown, no longer kept, or another caller’s: never told apart. */
  | 'RUN_NOT_FOUND'
  /** No valid credential was sent. */
  | 'UNAUTHENTICATED';

/** Why an answer ended. */
export type FinishReason =
  /** The gateway’s moderation cut it off. */
  | 'CONTENT_FILTER'
  /** It reached maxTokens or the end of the model’s window. */
  | 'LENGTH'
  /** A reason that is not known here. */
  | 'OTHER'
  /** The model was done, or met one of the stop texts. */
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

export type ContextFieldsFragment = { id: string, model: string, mode: ContextMode | null, createdAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number } };

export type ModelsQueryVariables = Exact<{ [key: string]: never; }>;


export type ModelsQuery = { models: Array<{ id: string, supportsContextCache: boolean }> };

export type ContextsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type ContextsQuery = { contexts: { edges: Array<{ node: { id: string, model: string, mode: ContextMode | null, createdAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CreateContextMutationVariables = Exact<{
  input: CreateContextInput;
}>;


export type CreateContextMutation = { createContext: { reused: boolean, id: string, model: string, mode: ContextMode | null, createdAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number } } };

export type ForgetContextMutationVariables = Exact<{
  id: string;
}>;


export type ForgetContextMutation = { forgetContext: boolean };

export type StopChatMutationVariables = Exact<{
  runId: string;
}>;


export type StopChatMutation = { stopChat: { id: string, status: ChatRunStatus } };

type EventFields_ChatDelta_Fragment = { __typename: 'ChatDelta', seq: number | null, content: string | null, reasoningContent: string | null, finishReason: FinishReason | null };

type EventFields_ChatDone_Fragment = { __typename: 'ChatDone', usage: { promptTokens: number, completionTokens: number, promptTokensDetails: { cachedTokens: number } | null } | null, context: { id: string, model: string, mode: ContextMode | null, createdAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number } } | null };

type EventFields_ChatFailure_Fragment = { __typename: 'ChatFailure', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null };

type EventFields_ChatStarted_Fragment = { __typename: 'ChatStarted', runId: string };

export type EventFieldsFragment =
  | EventFields_ChatDelta_Fragment
  | EventFields_ChatDone_Fragment
  | EventFields_ChatFailure_Fragment
  | EventFields_ChatStarted_Fragment
;

export type ChatStreamSubscriptionVariables = Exact<{
  input: ChatInput;
}>;


export type ChatStreamSubscription = { chatStream:
    | { __typename: 'ChatDelta', seq: number | null, content: string | null, reasoningContent: string | null, finishReason: FinishReason | null }
    | { __typename: 'ChatDone', usage: { promptTokens: number, completionTokens: number, promptTokensDetails: { cachedTokens: number } | null } | null, context: { id: string, model: string, mode: ContextMode | null, createdAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number } } | null }
    | { __typename: 'ChatFailure', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'ChatStarted', runId: string }
   };

export type ResumeChatSubscriptionVariables = Exact<{
  runId: string;
  after: number;
}>;


export type ResumeChatSubscription = { resumeChat:
    | { __typename: 'ChatDelta', seq: number | null, content: string | null, reasoningContent: string | null, finishReason: FinishReason | null }
    | { __typename: 'ChatDone', usage: { promptTokens: number, completionTokens: number, promptTokensDetails: { cachedTokens: number } | null } | null, context: { id: string, model: string, mode: ContextMode | null, createdAt: string, expiresAt: string | null, totals: { chats: number, promptTokens: number, cachedTokens: number } } | null }
    | { __typename: 'ChatFailure', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'ChatStarted', runId: string }
   };

export const ContextFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ContextFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContextCache"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chats"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}}]} as unknown as DocumentNode<ContextFieldsFragment, unknown>;
export const EventFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EventFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatStreamEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatStarted"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"runId"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatDelta"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"seq"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningContent"}},{"kind":"Field","name":{"kind":"Name","value":"finishReason"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatDone"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"completionTokens"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokensDetails"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"context"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ContextFields"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatFailure"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ContextFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContextCache"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chats"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}}]} as unknown as DocumentNode<EventFieldsFragment, unknown>;
export const ModelsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Models"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"models"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"supportsContextCache"}}]}}]}}]} as unknown as DocumentNode<ModelsQuery, ModelsQueryVariables>;
export const ContextsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Contexts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contexts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ContextFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ContextFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContextCache"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chats"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}}]} as unknown as DocumentNode<ContextsQuery, ContextsQueryVariables>;
export const CreateContextDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateContext"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateContextInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createContext"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ContextFields"}},{"kind":"Field","name":{"kind":"Name","value":"reused"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ContextFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContextCache"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chats"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}}]} as unknown as DocumentNode<CreateContextMutation, CreateContextMutationVariables>;
export const ForgetContextDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ForgetContext"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"forgetContext"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<ForgetContextMutation, ForgetContextMutationVariables>;
export const StopChatDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"StopChat"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"runId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stopChat"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"runId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"runId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]} as unknown as DocumentNode<StopChatMutation, StopChatMutationVariables>;
export const ChatStreamDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ChatStream"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ChatInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chatStream"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EventFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ContextFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContextCache"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chats"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EventFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatStreamEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatStarted"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"runId"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatDelta"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"seq"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningContent"}},{"kind":"Field","name":{"kind":"Name","value":"finishReason"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatDone"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"completionTokens"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokensDetails"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"context"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ContextFields"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatFailure"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}}]}}]} as unknown as DocumentNode<ChatStreamSubscription, ChatStreamSubscriptionVariables>;
export const ResumeChatDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ResumeChat"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"runId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"resumeChat"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"runId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"runId"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EventFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ContextFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContextCache"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chats"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EventFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatStreamEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatStarted"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"runId"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatDelta"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"seq"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningContent"}},{"kind":"Field","name":{"kind":"Name","value":"finishReason"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatDone"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"promptTokens"}},{"kind":"Field","name":{"kind":"Name","value":"completionTokens"}},{"kind":"Field","name":{"kind":"Name","value":"promptTokensDetails"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cachedTokens"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"context"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ContextFields"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ChatFailure"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}}]}}]} as unknown as DocumentNode<ResumeChatSubscription, ResumeChatSubscriptionVariables>;