import { ArrayNotEmpty, IsOptional, MaxLength, Min, ValidateNested } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { ContextMode, MessageRole, TruncationType } from '../gateway/types.js';
import { Count } from '../input/chat-rules.js';
import { CleanText, NotBlank, optional, rule } from '../input/validation.js';

/** The description for every operation with an idempotency key. */
export const IDEMPOTENCY_KEY =
  'A string of your choice, 1 to 255 characters. For 24 hours, requests with the same key and input get the first answer, even while that request is still running, and nothing is done or billed twice. The same key with different input is an IDEMPOTENCY_CONFLICT. Failures that can be retried are not stored; after a failure whose request may have been processed, the key gets OUTCOME_UNKNOWN.';

export const IsIdempotencyKey = () =>
  optional(NotBlank(), CleanText(), MaxLength(255, { message: 'must be at most 255 characters' }));

@InputType({
  description:
    'A message in OpenAI’s format. At least one of `role` and `content` is required. Strings must not contain NUL characters or lone surrogates.',
})
export class MessageInput {
  @Field(() => MessageRole, {
    nullable: true,
    description: 'The author of the message. Omitted if not given.',
  })
  role?: MessageRole | null;

  @Field(() => String, { nullable: true, description: 'The text of the message. Omitted if not given.' })
  @rule<MessageInput>(
    'roleOrContent',
    (content, message) => content != null || message.role != null,
    'must be given if the message has no role',
  )
  @CleanText()
  content?: string | null;
}

const onlyFor = (type: TruncationType) =>
  rule<TruncationStrategyInput>(
    'onlyForType',
    (_, strategy) => strategy.type === type,
    `may only be used with type ${type}`,
  );

@InputType({
  description:
    'What the gateway drops when a session exceeds the model’s context window (Volcengine Ark only).',
})
export class TruncationStrategyInput {
  @Field(() => TruncationType, { description: 'The strategy.' })
  type!: TruncationType;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens of history to keep, at least 1. Only with LAST_HISTORY_TOKENS.',
  })
  @onlyFor(TruncationType.LAST_HISTORY_TOKENS)
  @Count()
  lastHistoryTokens?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the oldest tokens are dropped as new ones are added. Only with ROLLING_TOKENS.',
  })
  @IsOptional()
  @onlyFor(TruncationType.ROLLING_TOKENS)
  rollingTokens?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Maximum tokens of history, at least 1 (Ark: 32768). Only with ROLLING_TOKENS.',
  })
  @onlyFor(TruncationType.ROLLING_TOKENS)
  @Count()
  maxWindowTokens?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Tokens to drop at once when the window is full, at least 1 (Ark: 4096). Only with ROLLING_TOKENS.',
  })
  @onlyFor(TruncationType.ROLLING_TOKENS)
  @Count()
  rollingWindowTokens?: number | null;
}

/** The rules that hold for every model; `creation/model-rules.ts` has those that depend on it. */
@InputType({
  description:
    'The arguments of `POST /context/create`. Omitted fields are not sent, so that the gateway’s defaults apply.',
})
export class CreateContextInput {
  @Field(() => String, {
    description:
      'Id of the model, e.g. `Doubao-1.5-pro-32k`; not blank. `models` lists the available models and whether they support context caching.',
  })
  @NotBlank()
  @CleanText()
  model!: string;

  @Field(() => [MessageInput], {
    description: 'The messages to cache, at least one, the oldest first.',
  })
  @ArrayNotEmpty({ message: 'must hold at least one message' })
  @ValidateNested({ each: true })
  messages!: MessageInput[];

  @Field(() => ContextMode, {
    nullable: true,
    description:
      'How the gateway treats later chats. One of the model’s `models { cache { modes } }`; default: the first of them, which is SESSION, or COMMON_PREFIX for `gemini-*` models.',
  })
  mode?: ContextMode | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds until the context expires, 3600 (an hour) to 604800 (7 days); for models with other bounds, `models { cache { minTtl maxTtl } }` has them. Each chat restarts it, unless the model’s `cache.expiry` is FIXED. The gateway has a default (Ark: 86400; its Responses API: 259200).',
  })
  @IsOptional()
  @Min(1, { message: 'must be at least 1 second' })
  ttl?: number | null;

  @Field(() => TruncationStrategyInput, {
    nullable: true,
    description:
      'Only with mode SESSION, and not where the model’s `cache.expiry` is FIXED. The gateway has a default.',
  })
  @IsOptional()
  @ValidateNested()
  truncationStrategy?: TruncationStrategyInput | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Return a live context with the same model, messages and ttl that has at least a minute left, and create one only if there is none. Only with COMMON_PREFIX. Only your own contexts are reused, unless the operator has enabled sharing.',
  })
  reuse?: boolean | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  @IsIdempotencyKey()
  idempotencyKey?: string | null;
}
