import { ArrayMaxSize, IsOptional, Max, Min } from 'class-validator';
import { Field, Float, InputType, Int } from 'type-graphql';
import { rule } from './validation.js';

/** A number's range (gateway.md, "POST /context/chat/completions"). */
export function Between(min: number, max: number): PropertyDecorator {
  const message = `must be ${min} to ${max}`;
  return (target, property) => {
    Min(min, { message })(target, property as string);
    Max(max, { message })(target, property as string);
  };
}

export const AtLeastOne = () => Min(1, { message: 'must be at least 1' });

/** How the model answers: part of `ChatInput`, and the defaults that a prompt file gives. */
@InputType()
export abstract class ChatParameters {
  @Field(() => Float, { nullable: true, description: 'How freely tokens are drawn, 0 to 2.' })
  @IsOptional()
  @Between(0, 2)
  temperature?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Draw only from the likeliest tokens that make up this share, 0 to 1.',
  })
  @IsOptional()
  @Between(0, 1)
  topP?: number | null;

  @Field(() => Int, { nullable: true, description: 'How many answers, at least 1; each is billed.' })
  @IsOptional()
  @AtLeastOne()
  n?: number | null;

  @Field(() => Int, { nullable: true, description: 'Tokens of the answer at most, at least 1.' })
  @IsOptional()
  @AtLeastOne()
  maxTokens?: number | null;

  @Field(() => [String], { nullable: true, description: 'Up to 4 texts at which the answer ends.' })
  @IsOptional()
  @ArrayMaxSize(4, { message: 'must hold at most 4 texts' })
  @rule(
    'cleanTexts',
    (stop) => (stop as string[]).every((text) => !text.includes('\0') && text.isWellFormed()),
    'must hold no NUL character and no lone surrogate',
  )
  stop?: string[] | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Above 0 tokens that occurred already become less likely, -2 to 2.',
  })
  @IsOptional()
  @Between(-2, 2)
  presencePenalty?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Above 0 tokens become less likely the more often they occurred, -2 to 2.',
  })
  @IsOptional()
  @Between(-2, 2)
  frequencyPenalty?: number | null;
}
