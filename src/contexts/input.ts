import { ArrayNotEmpty, IsOptional, MaxLength, Min, ValidateNested } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { isGemini } from '../gateway/context-api/model-families.js';
import { ContextMode, MessageRole, TruncationType } from '../gateway/types.js';
import { CleanText, NotBlank, rule } from '../input/validation.js';

/** Seconds (context-create.zh.txt, section 3.2). */
const TTL = { min: 3_600, max: 604_800 };

/** Shared by what can be asked with such a key. */
export const IDEMPOTENCY_KEY =
  'A text of your own, 1 to 255 characters. For 24 hours the same key with the same input gets the first answer again, also while that is still on its way, and nothing is done or billed twice; with another input it gets IDEMPOTENCY_CONFLICT. A failure that may be tried again is not kept; one after which the request may have been processed gets OUTCOME_UNKNOWN from then on.';

export function IsIdempotencyKey(): PropertyDecorator {
  return (target, property) => {
    IsOptional()(target, property);
    NotBlank()(target, property);
    CleanText()(target, property);
    MaxLength(255, { message: 'must be at most 255 characters' })(target, property as string);
  };
}

@InputType({
  description:
    'One message, in the shape of OpenAI’s. At least one of `role` and `content` must be given. No text may hold a NUL character or a lone surrogate.',
})
export class MessageInput {
  @Field(() => MessageRole, { nullable: true, description: 'Who speaks. Not sent where it is left out.' })
  role?: MessageRole | null;

  @Field(() => String, { nullable: true, description: 'What is said. Not sent where it is left out.' })
  @rule<MessageInput>(
    'roleOrContent',
    (content, message) => content != null || message.role != null,
    'must be given where the message has no role',
  )
  @CleanText()
  content?: string | null;
}

const onlyFor = (type: TruncationType) =>
  rule<TruncationStrategyInput>(
    'onlyForType',
    (value, strategy) => value == null || strategy.type === type,
    `may only be given with type ${type}`,
  );

@InputType({
  description:
    'What the gateway drops when a session outgrows the model’s window (a field of Volcengine Ark’s).',
})
export class TruncationStrategyInput {
  @Field(() => TruncationType, { description: 'Which of the two strategies.' })
  type!: TruncationType;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens of history to keep, at least 1. Only with LAST_HISTORY_TOKENS.',
  })
  @IsOptional()
  @onlyFor(TruncationType.LAST_HISTORY_TOKENS)
  @Min(1, { message: 'must be at least 1' })
  lastHistoryTokens?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the oldest tokens roll off as new ones come. Only with ROLLING_TOKENS.',
  })
  @IsOptional()
  @onlyFor(TruncationType.ROLLING_TOKENS)
  rollingTokens?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Tokens of the window that the history may fill, at least 1 (Ark: 32768). Only with ROLLING_TOKENS.',
  })
  @IsOptional()
  @onlyFor(TruncationType.ROLLING_TOKENS)
  @Min(1, { message: 'must be at least 1' })
  maxWindowTokens?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Tokens that are dropped at once when the window is full, at least 1 (Ark: 4096). Only with ROLLING_TOKENS.',
  })
  @IsOptional()
  @onlyFor(TruncationType.ROLLING_TOKENS)
  @Min(1, { message: 'must be at least 1' })
  rollingWindowTokens?: number | null;
}

@InputType({
  description:
    'What `POST /context/create` takes. What is left out is not sent, so that the gateway’s own defaults hold.',
})
export class CreateContextInput {
  @Field(() => String, {
    description:
      'Id of the model, e.g. `Doubao-1.5-pro-32k`; not blank. `models` lists those there are and says which can cache.',
  })
  @NotBlank()
  @CleanText()
  model!: string;

  @Field(() => [MessageInput], {
    description: 'What the gateway is to keep: at least one message, the oldest first.',
  })
  @ArrayNotEmpty({ message: 'must hold at least one message' })
  @ValidateNested({ each: true })
  messages!: MessageInput[];

  @Field(() => ContextMode, {
    nullable: true,
    description:
      'How the context is kept. Left out, the gateway takes SESSION; `gemini-*` models are always prefixes.',
  })
  mode?: ContextMode | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds that the context outlives its last use, 3600 (an hour) to 604800 (7 days); for `gemini-*` models any positive number. Counted from creation, and anew from each chat. Left out, the gateway decides (Ark: 86400).',
  })
  @IsOptional()
  @rule<CreateContextInput>(
    'ttlInRange',
    (ttl, { model }) =>
      isGemini(model) ? Number(ttl) >= 1 : Number(ttl) >= TTL.min && Number(ttl) <= TTL.max,
    ({ model }) =>
      isGemini(model)
        ? 'must be at least 1 second'
        : `must be ${TTL.min} to ${TTL.max} seconds (an hour to 7 days)`,
  )
  ttl?: number | null;

  @Field(() => TruncationStrategyInput, {
    nullable: true,
    description: 'Only for a SESSION. Left out, the gateway decides.',
  })
  @IsOptional()
  @rule<CreateContextInput>(
    'sessionOnly',
    (_, { mode }) => mode == null || mode === ContextMode.SESSION,
    'may only be given with mode SESSION',
  )
  @ValidateNested()
  truncationStrategy?: TruncationStrategyInput | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Give back a live context of the same model, messages and ttl that has at least a minute left, and create one only where there is none. Only with COMMON_PREFIX; yours alone, unless the operator lets equal prefixes be shared.',
  })
  @rule<CreateContextInput>(
    'prefixOnly',
    (reuse, { model, mode }) =>
      reuse !== true || (mode == null ? isGemini(model) : mode === ContextMode.COMMON_PREFIX),
    'may only be asked for with mode COMMON_PREFIX',
  )
  reuse?: boolean | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  @IsIdempotencyKey()
  idempotencyKey?: string | null;
}
