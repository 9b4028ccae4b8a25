import { ArrayNotEmpty, IsOptional, Matches, ValidateNested } from 'class-validator';
import { Field, Float, ID, InputType } from 'type-graphql';
import { IDEMPOTENCY_KEY, IsIdempotencyKey, MessageInput } from '../contexts/input.js';
import { MessageRole } from '../gateway/types.js';
import { Between, ChatParameters } from '../input/chat-parameters.js';
import { CleanText, NotBlank, rule } from '../input/validation.js';

@InputType({ description: 'How much likelier or less likely one token becomes.' })
export class LogitBiasInput {
  @Field(() => String, { description: 'Id of the token in the model’s vocabulary, in digits.' })
  @Matches(/^\d{1,10}$/, { message: 'must be a token’s id, in digits' })
  token!: string;

  @Field(() => Float, { description: '-100 (never) to 100 (always).' })
  @Between(-100, 100)
  bias!: number;
}

@InputType({
  description:
    'One question to a context. What is left out is not sent, so that the gateway’s own defaults hold. Source: `POST /context/chat/completions`.',
})
export class ChatInput extends ChatParameters {
  @Field(() => ID, { description: 'Id of the context, as `createContext` gave it.' })
  @NotBlank()
  @CleanText()
  contextId!: string;

  @Field(() => [MessageInput], {
    description:
      'The new turn, at least one message; the last one is not from the ASSISTANT. What the context holds is not sent again.',
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
    description: 'Id of the model. Left out: the one that the context was created for, where that is known.',
  })
  @IsOptional()
  @NotBlank()
  @CleanText()
  model?: string | null;

  @Field(() => [LogitBiasInput], { nullable: true, description: 'Tokens to prefer or to avoid.' })
  @IsOptional()
  @ValidateNested({ each: true })
  logitBias?: LogitBiasInput[] | null;

  @Field(() => String, { nullable: true, description: `${IDEMPOTENCY_KEY} Only for the \`chat\` mutation.` })
  @IsIdempotencyKey()
  idempotencyKey?: string | null;

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
