import { createUnionType, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ContextCache, TokenUsage } from '../contexts/types.js';
import { ErrorCode } from '../errors.js';
import { FinishReason, MessageRole } from '../gateway/types.js';
import { CacheUse } from '../prompts/types.js';

registerEnumType(FinishReason, {
  name: 'FinishReason',
  description: 'Why an answer ended.',
  valuesConfig: {
    STOP: { description: 'The model was done, or met one of the stop texts.' },
    LENGTH: { description: 'It reached maxTokens or the end of the model’s window.' },
    CONTENT_FILTER: { description: 'The gateway’s moderation cut it off.' },
    TOOL_CALLS: { description: 'The model wants to call a tool.' },
    OTHER: { description: 'A reason that is not known here.' },
  },
});

registerEnumType(ErrorCode, {
  name: 'ErrorCode',
  description: 'What went wrong; also every `errors[].extensions.code`.',
  valuesConfig: {
    BAD_USER_INPUT: {
      description: 'What was sent is wrong, by the rules here or by the gateway’s (400, 413, 422). Mend it.',
    },
    UNAUTHENTICATED: { description: 'No valid credential was sent.' },
    FORBIDDEN: { description: 'The credential does not allow it.' },
    CONTEXT_NOT_FOUND: {
      description:
        'The context is unknown, has expired or is another caller’s: never told apart. Create a new one.',
    },
    RUN_NOT_FOUND: {
      description: 'The run is unknown, no longer kept, or another caller’s: never told apart.',
    },
    PROMPT_NOT_FOUND: {
      description: 'The prompt is unknown or not for this caller: never told apart. Query `prompts`.',
    },
    MODEL_NOT_FOUND: { description: 'The gateway has no such model, or not for this account.' },
    CONTENT_REJECTED: { description: 'The gateway’s moderation refused the content.' },
    IDEMPOTENCY_CONFLICT: { description: 'The same idempotency key came with another input.' },
    OUTCOME_UNKNOWN: {
      description:
        'A request with this idempotency key may have been processed, and its answer is lost. Look at the context, or send it again with a new key.',
    },
    RATE_LIMITED: {
      description: 'Too much at once, by the limits here or the gateway’s. Wait retryAfter seconds.',
    },
    QUOTA_EXCEEDED: { description: 'There is no balance left, or the token budget is used up.' },
    GATEWAY_AUTH: { description: 'The gateway refuses the server’s own key: the operator’s to mend.' },
    GATEWAY_TIMEOUT: { description: 'The gateway took too long.' },
    GATEWAY_UNAVAILABLE: { description: 'The gateway cannot be reached or has trouble of its own (5xx).' },
    GATEWAY_BAD_RESPONSE: {
      description: 'The gateway’s answer was not JSON, cut short, too large or not of the contract’s shape.',
    },
    CANCELLED: { description: 'The caller left before the answer came.' },
    INTERNAL_SERVER_ERROR: { description: 'A fault of this server. Report it with the requestId.' },
  },
});

@ObjectType({ description: 'A message of the answer.' })
export class ChatMessage {
  @Field(() => MessageRole, { description: 'Who speaks: ASSISTANT, unless the gateway says otherwise.' })
  role!: MessageRole;

  @Field(() => String, { nullable: true, description: 'What is said; null where there is no text.' })
  content!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What a reasoning model thought before; null for other models.',
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
    description: 'Why it ended; null where the gateway did not say.',
  })
  finishReason!: FinishReason | null;
}

@ObjectType({ description: 'A whole answer.' })
export class ChatCompletion {
  @Field(() => ID, { description: 'The gateway’s id of the answer; the request’s id where it gave none.' })
  id!: string;

  @Field(() => String, { description: 'The model that answered.' })
  model!: string;

  @Field(() => Date, {
    description: 'When it was made, to the second; where the gateway did not say, when it came.',
  })
  created!: Date;

  @Field(() => [ChatChoice], { description: 'The answers: one, unless `n` asked for more.' })
  choices!: ChatChoice[];

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'What it cost; null where the gateway did not say.',
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

  @Field(() => Int, { description: 'Which of the `n` answers goes on, from 0.' })
  index!: number;

  @Field(() => MessageRole, { nullable: true, description: 'Who speaks; usually only in the first piece.' })
  role!: MessageRole | null;

  @Field(() => String, { nullable: true, description: 'The next piece of the text.' })
  content!: string | null;

  @Field(() => String, { nullable: true, description: 'The next piece of what a reasoning model thinks.' })
  reasoningContent!: string | null;

  @Field(() => FinishReason, { nullable: true, description: 'Why this answer ended; in its last piece.' })
  finishReason!: FinishReason | null;
}

@ObjectType({ description: 'The end of a streamed answer that came whole. Always the last event.' })
export class ChatDone {
  @Field(() => ID, { description: 'The gateway’s id of the answer; the request’s id where it gave none.' })
  id!: string;

  @Field(() => String, { description: 'The model that answered.' })
  model!: string;

  @Field(() => Date, {
    description: 'When it was made, to the second; where the gateway did not say, when it ended.',
  })
  created!: Date;

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'What it cost; null where the gateway did not say.',
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
  description: 'What broke once the answer had begun. Always the last event; the text before it stays valid.',
})
export class ChatFailure {
  @Field(() => ErrorCode, { description: 'What went wrong.' })
  code!: ErrorCode;

  @Field(() => String, { description: 'The same in words, with what to do.' })
  message!: string;

  @Field(() => Boolean, { description: 'Whether the same question may succeed later.' })
  retryable!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds to wait before that; null where it is not known.',
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
