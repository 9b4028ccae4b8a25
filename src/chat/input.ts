import { ArrayNotEmpty, IsOptional, Matches, ValidateNested } from 'class-validator';
import { Field, Float, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { IDEMPOTENCY_KEY, IsIdempotencyKey, MessageInput } from '../contexts/input.js';
import { MessageRole } from '../gateway/types.js';
import { between, Count, Penalty, StopTexts, Temperature, TopP } from '../input/chat-rules.js';
import { CleanText, NotBlank, rule } from '../input/validation.js';

export enum OnDisconnect {
  CANCEL = 'CANCEL',
  CONTINUE = 'CONTINUE',
}

registerEnumType(OnDisconnect, {
  name: 'OnDisconnect',
  description: 'What a `chatStream` does when its client disconnects.',
  valuesConfig: {
    CANCEL: { description: 'It aborts the call to the gateway.' },
    CONTINUE: {
      description:
        'It goes on as a run: `resumeChat` shows it again, `stopChat` ends it. Its text is stored for RUN_KEPT_SECONDS.',
    },
  },
});

@InputType({ description: 'How much likelier or less likely one token becomes.' })
export class LogitBiasInput {
  @Field(() => String, { description: 'Id of the token in the model’s vocabulary, in digits.' })
  @Matches(/^\d{1,10}$/, { message: 'must be a token’s id, in digits' })
  token!: string;

  @Field(() => Float, { description: '-100 (never) to 100 (always).' })
  @between(-100, 100)
  bias!: number;
}

@InputType({
  description:
    'A chat with a context or a prompt. Omitted fields get the prompt’s defaults, else the gateway’s. Source: `POST /context/chat/completions`.',
})
export class ChatInput {
  @Field(() => ID, {
    nullable: true,
    description: 'Id of the context, as `createContext` returned it. Either this or `prompt` is required.',
  })
  @rule<ChatInput>(
    'contextIdOrPrompt',
    (contextId, { prompt }) => (contextId == null) !== (prompt == null),
    ({ prompt }) =>
      prompt == null ? 'must be given, or `prompt`' : 'must not be given together with `prompt`',
  )
  @NotBlank()
  @CleanText()
  contextId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'Name of one of the operator’s prompts, as `prompts` lists them. This server caches it at the gateway, so there is no context to create, keep or recreate.',
  })
  @NotBlank()
  @CleanText()
  prompt?: string | null;

  @Field(() => [MessageInput], {
    description:
      'The new messages, at least one; the last must not be from the ASSISTANT. Do not repeat those of the context. With `prompt`, only USER and ASSISTANT, unless the operator allows more.',
  })
  @ArrayNotEmpty({ message: 'must hold at least one message' })
  @rule<ChatInput>(
    'notFromAssistant',
    (messages) => (messages as MessageInput[]).at(-1)?.role !== MessageRole.ASSISTANT,
    'must not end with a message from the ASSISTANT',
  )
  @ValidateNested({ each: true })
  messages!: MessageInput[];

  @Field(() => String, {
    nullable: true,
    description:
      'Id of the model. Default: the one that the context was created for, if this server knows it. Not with `prompt`, which names its model.',
  })
  @IsOptional()
  @rule<ChatInput>('notWithPrompt', (_, { prompt }) => prompt == null, 'may not be used with `prompt`')
  @NotBlank()
  @CleanText()
  model?: string | null;

  @Field(() => Float, { nullable: true, description: 'Sampling temperature, 0 to 2.' })
  @Temperature()
  temperature?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Nucleus sampling: the probability mass to draw from, 0 to 1.',
  })
  @TopP()
  topP?: number | null;

  @Field(() => Int, { nullable: true, description: 'How many answers, at least 1; each is billed.' })
  @Count()
  n?: number | null;

  @Field(() => Int, { nullable: true, description: 'Maximum tokens per answer, at least 1.' })
  @Count()
  maxTokens?: number | null;

  @Field(() => [String], { nullable: true, description: 'Up to 4 stop sequences.' })
  @StopTexts()
  stop?: string[] | null;

  @Field(() => Float, {
    nullable: true,
    description: '-2 to 2; above 0, tokens that occurred become less likely.',
  })
  @Penalty()
  presencePenalty?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: '-2 to 2; above 0, tokens become less likely the more they occurred.',
  })
  @Penalty()
  frequencyPenalty?: number | null;

  @Field(() => [LogitBiasInput], { nullable: true, description: 'Tokens to prefer or to avoid.' })
  @IsOptional()
  @ValidateNested({ each: true })
  logitBias?: LogitBiasInput[] | null;

  @Field(() => String, {
    nullable: true,
    description: `${IDEMPOTENCY_KEY} For the \`chat\` mutation, and for a \`chatStream\` with onDisconnect CONTINUE, where the same key and input join the run for as long as it is kept.`,
  })
  @IsIdempotencyKey()
  idempotencyKey?: string | null;

  @Field(() => OnDisconnect, {
    nullable: true,
    defaultValue: OnDisconnect.CANCEL,
    description: 'What a `chatStream` does when its client disconnects. Other operations ignore it.',
  })
  onDisconnect?: OnDisconnect | null;

  /** The plain object that graphql gives a subscription; class-validator finds its rules by the class. */
  static from(plain: ChatInput): ChatInput {
    const input = Object.assign(new ChatInput(), plain);
    input.messages = plain.messages.map((message) => Object.assign(new MessageInput(), message));
    if (plain.logitBias) {
      input.logitBias = plain.logitBias.map((bias) => Object.assign(new LogitBiasInput(), bias));
    }
    return input;
  }
}
