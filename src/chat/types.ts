import { createUnionType, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ContextCache, TokenUsage } from '../contexts/types.js';
import { ErrorCode } from '../errors.js';
import { FinishReason, MessageRole } from '../gateway/types.js';
import { CacheUse } from '../prompts/types.js';

registerEnumType(FinishReason, {
  name: 'FinishReason',
  description: 'Why an answer ended.',
  valuesConfig: {
    STOP: { description: 'The model finished, or hit a stop sequence.' },
    LENGTH: { description: 'It reached maxTokens or the model’s context window.' },
    CONTENT_FILTER: { description: 'The gateway’s moderation cut it off.' },
    TOOL_CALLS: { description: 'The model wants to call a tool.' },
    OTHER: { description: 'Any other reason.' },
  },
});

registerEnumType(ErrorCode, {
  name: 'ErrorCode',
  description: 'What went wrong; also every `errors[].extensions.code`.',
  valuesConfig: {
    BAD_USER_INPUT: {
      description: 'The input is invalid, for this server or the gateway (400, 413, 422). Correct it.',
    },
    UNAUTHENTICATED: { description: 'No valid credential was sent.' },
    FORBIDDEN: { description: 'The credential does not allow it.' },
    CONTEXT_NOT_FOUND: {
      description:
        'No such context: unknown, expired or another caller’s (not distinguished). Create a new one.',
    },
    RUN_NOT_FOUND: {
      description: 'No such run: unknown, deleted or another caller’s (not distinguished).',
    },
    PROMPT_NOT_FOUND: {
      description: 'No such prompt, or not for this caller (not distinguished). Query `prompts`.',
    },
    MODEL_NOT_FOUND: { description: 'The model is unknown or not open to this account.' },
    CONTENT_REJECTED: { description: 'The gateway’s moderation refused the content.' },
    IDEMPOTENCY_CONFLICT: { description: 'The idempotency key was used with other input.' },
    OUTCOME_UNKNOWN: {
      description:
        'A request with this idempotency key may have been processed, and its answer is lost. Look at the context, or send it again with a new key.',
    },
    RATE_LIMITED: {
      description: 'A limit here or at the gateway is exceeded. Wait retryAfter seconds, if given.',
    },
    QUOTA_EXCEEDED: { description: 'The account has no balance left, or a daily quota is used up.' },
    GATEWAY_AUTH: { description: 'The gateway rejects this server’s key; the operator must fix it.' },
    GATEWAY_TIMEOUT: { description: 'The gateway took too long.' },
    GATEWAY_UNAVAILABLE: { description: 'The gateway cannot be reached or failed (5xx).' },
    GATEWAY_BAD_RESPONSE: {
      description: 'The gateway’s response is not JSON, truncated, too large or violates the contract.',
    },
    CANCELLED: { description: 'The client disconnected, or the run was stopped.' },
    INTERNAL_SERVER_ERROR: { description: 'A fault of this server. Report it with the requestId.' },
  },
});

@ObjectType({ description: 'A message of the answer.' })
export class ChatMessage {
  @Field(() => MessageRole, { description: 'The author; ASSISTANT unless the gateway differs.' })
  role!: MessageRole;

  @Field(() => String, { nullable: true, description: 'The text; null if there is none.' })
  content!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The reasoning of a reasoning model; null for other models.',
  })
  reasoningContent!: string | null;
}

@ObjectType({ description: 'One of the `n` answers.' })
export class ChatChoice {
  @Field(() => Int, { description: 'Its place among the answers, from 0.' })
  index!: number;

  @Field(() => ChatMessage, { description: 'The answer itself.' })
  message!: ChatMessage;

  @Field(() => FinishReason, {
    nullable: true,
    description: 'Why it ended; null if the gateway sent no reason.',
  })
  finishReason!: FinishReason | null;
}

@ObjectType({ description: 'A whole answer.' })
export class ChatCompletion {
  @Field(() => ID, { description: 'The gateway’s id of the answer; the request’s id if it has none.' })
  id!: string;

  @Field(() => String, { description: 'The model that answered.' })
  model!: string;

  @Field(() => Date, {
    description: 'Creation time, to the second; if the gateway reported none, the arrival.',
  })
  created!: Date;

  @Field(() => [ChatChoice], { description: 'The answers: one, unless `n` asked for more.' })
  choices!: ChatChoice[];

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'Token usage; null if the gateway sent none.',
  })
  usage!: TokenUsage | null;

  @Field(() => ContextCache, {
    nullable: true,
    description:
      'The context as it stands after this chat, with its new expiresAt; null with a `prompt`, or if this server does not know it.',
  })
  context!: ContextCache | null;

  @Field(() => CacheUse, { description: 'How this chat used the cache.' })
  cache!: CacheUse;
}

@ObjectType({
  description:
    'The first event of a chat that goes on when its client disconnects (`onDisconnect: CONTINUE`).',
})
export class ChatStarted {
  @Field(() => ID, { description: 'The id of the run, for `resumeChat` and `stopChat`.' })
  runId!: string;
}

@ObjectType({ description: 'A piece of a streamed answer, as it came.' })
export class ChatDelta {
  @Field(() => Int, {
    nullable: true,
    description:
      'Its number in the run, from 1, for `after` of `resumeChat`. A delta that joins several has the number of the last. null unless the chat goes on when its client disconnects.',
  })
  seq?: number | null;

  @Field(() => Int, { description: 'Index of its answer among the `n`, from 0.' })
  index!: number;

  @Field(() => MessageRole, { nullable: true, description: 'The author; usually only in the first delta.' })
  role!: MessageRole | null;

  @Field(() => String, { nullable: true, description: 'The next piece of the text.' })
  content!: string | null;

  @Field(() => String, { nullable: true, description: 'The next piece of the reasoning.' })
  reasoningContent!: string | null;

  @Field(() => FinishReason, { nullable: true, description: 'Why this answer ended; in its last piece.' })
  finishReason!: FinishReason | null;
}

@ObjectType({ description: 'The end of a complete streamed answer. Always the last event.' })
export class ChatDone {
  @Field(() => ID, { description: 'The gateway’s id of the answer; the request’s id if it has none.' })
  id!: string;

  @Field(() => String, { description: 'The model that answered.' })
  model!: string;

  @Field(() => Date, {
    description: 'Creation time, to the second; if the gateway reported none, the end.',
  })
  created!: Date;

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'Token usage; null if the gateway sent none.',
  })
  usage!: TokenUsage | null;

  @Field(() => ContextCache, {
    nullable: true,
    description:
      'The context as it stands after this chat, with its new expiresAt; null with a `prompt`, or if this server does not know it.',
  })
  context!: ContextCache | null;

  @Field(() => CacheUse, { description: 'How this chat used the cache.' })
  cache!: CacheUse;
}

@ObjectType({
  description: 'An error after the stream began. Always the last event; text before it remains valid.',
})
export class ChatFailure {
  @Field(() => ErrorCode, { description: 'What went wrong.' })
  code!: ErrorCode;

  @Field(() => String, { description: 'The error, and what to do about it.' })
  message!: string;

  @Field(() => Boolean, { description: 'Whether the same question may succeed later.' })
  retryable!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds to wait before retrying; null if unknown.',
  })
  retryAfter!: number | null;
}

export const ChatStreamEvent = createUnionType({
  name: 'ChatStreamEvent',
  description:
    'Any number of ChatDelta, then exactly one ChatDone or ChatFailure. With `onDisconnect: CONTINUE`, ChatStarted comes first.',
  types: () => [ChatStarted, ChatDelta, ChatDone, ChatFailure] as const,
  resolveType: typeOfEvent,
});

export function typeOfEvent(event: ChatEvent): string {
  if ('index' in event) return 'ChatDelta';
  if ('runId' in event) return 'ChatStarted';
  return 'code' in event ? 'ChatFailure' : 'ChatDone';
}

/** A name of its own: under the name of the value, the parameter would be taken for a class. */
export type ChatEvent = ChatStarted | ChatDelta | ChatDone | ChatFailure;
