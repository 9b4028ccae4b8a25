import { Field, ID, ObjectType } from 'type-graphql';
import { ModelPrices } from '../pricing/types.js';

@ObjectType({ description: 'A model that the gateway offers to this caller.' })
export class Model {
  @Field(() => ID, { description: 'The id to use in `createContext` and `chat`, e.g. `Doubao-1.5-pro-32k`.' })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Its provider; null if the gateway did not report it.',
  })
  ownedBy!: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'When it was added; null if the gateway did not report it.',
  })
  created!: Date | null;

  @Field(() => [String], { description: 'The API formats it supports, e.g. `openai`; may be empty.' })
  supportedEndpointTypes!: string[];

  @Field(() => Boolean, { description: 'Whether the gateway documents context caching for it.' })
  supportsContextCache!: boolean;

  @Field(() => ModelPrices, {
    nullable: true,
    description:
      'Its prices, for the smallest prompts if they depend on the size; null if the operator has given none.',
  })
  prices!: ModelPrices | null;
}
