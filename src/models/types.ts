import { Field, ID, Int, ObjectType } from 'type-graphql';
import { ContextExpiry } from '../gateway/caching-api.js';
import { ContextMode } from '../gateway/types.js';
import { ModelPrices } from '../pricing/types.js';

@ObjectType({
  description:
    'What the cache of a model can do. Source: the gateway’s list of models where it says so, else the operator’s file of models, else the documents of the API that serves the model.',
})
export class CacheCapabilities {
  @Field(() => [ContextMode], { description: 'The modes of its contexts.' })
  modes!: ContextMode[];

  @Field(() => ContextExpiry, { description: 'Whether chats extend its contexts.' })
  expiry!: ContextExpiry;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds: the shortest `ttl`; null if there is no bound, or none is known.',
  })
  minTtl!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds: the longest `ttl`; null if there is no bound, or none is known.',
  })
  maxTtl!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The smallest prompt that is cached, in tokens; null if none is known.',
  })
  minPromptTokens!: number | null;

  @Field(() => Boolean, { description: 'Whether `forgetContext` also deletes a context at the gateway.' })
  deletable!: boolean;
}

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

  @Field(() => Boolean, { description: 'Whether contexts can be created for it (`cache` is set).' })
  supportsContextCache!: boolean;

  @Field(() => CacheCapabilities, {
    nullable: true,
    description: 'What its cache can do; null if it has none or this is unknown.',
  })
  cache!: CacheCapabilities | null;

  @Field(() => ModelPrices, {
    nullable: true,
    description:
      'Its prices, for the smallest prompts if they depend on the size; null if the operator has given none.',
  })
  prices!: ModelPrices | null;
}
