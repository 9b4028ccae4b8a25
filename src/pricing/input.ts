import { IsPositive, Min } from 'class-validator';
import { Field, Float, ID, InputType, Int } from 'type-graphql';

@InputType({ description: 'A prompt to be cached, and how often it would be used.' })
export class CachingAdviceInput {
  @Field(() => ID, { description: 'Id of the model.' })
  model!: string;

  @Min(1, { message: 'must be at least 1' })
  @Field(() => Int, { description: 'Tokens in the prompt, at least 1.' })
  promptTokens!: number;

  @IsPositive({ message: 'must be above 0' })
  @Field(() => Float, { description: 'Chats with it per hour, above 0.' })
  chatsPerHour!: number;
}
