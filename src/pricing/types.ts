import { GraphQLScalarType, Kind } from 'graphql';
import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { GatewayUsage } from '../gateway/types.js';

/** Results only, so nothing is parsed. */
export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description:
    'An exact decimal number as text, e.g. `0.00042`. Reading it as a floating-point number may lose digits.',
  serialize: String,
  parseValue: String,
  parseLiteral: (node) => (node.kind === Kind.STRING ? node.value : ''),
});

@ObjectType({ description: 'An amount of money.' })
export class Money {
  @Field(() => Decimal, { description: 'The exact amount, not rounded; may be negative.' })
  amount!: string;

  @Field(() => String, { description: 'ISO 4217 code, e.g. `CNY`.' })
  currency!: string;
}

@ObjectType({
  description:
    'What tokens cost, by the operator’s price file. The parts are disjoint; their sum is the total.',
})
export class Cost {
  @Field(() => Money, { description: 'The sum of the parts.' })
  total!: Money;

  @Field(() => Money, {
    description: 'Prompt tokens that were neither read from the cache nor written to it.',
  })
  input!: Money;

  @Field(() => Money, { description: 'Prompt tokens read from the cache.' })
  cachedInput!: Money;

  @Field(() => Money, { description: 'Prompt tokens written to the cache.' })
  cacheWrite!: Money;

  @Field(() => Money, { description: 'Completion tokens.' })
  output!: Money;
}

/** A usage with its cost; null if the model has no price. */
export type PricedUsage = GatewayUsage & { cost: Cost | null };

@ObjectType({
  description:
    'What caching cost and saved, in money. Amounts in another currency, from before the operator changed it, are left out.',
})
export class MoneyReport {
  @Field(() => Cost, { description: 'Cost of your chats and creations.' })
  spent!: Cost;

  @Field(() => Money, {
    description:
      'Storage of contexts, per started hour from creation to expiry, booked as it moves. Owners of a shared context, and callers of a prompt, pay by their tokens; the latter rounded down to 12 digits.',
  })
  storage!: Money;

  @Field(() => Money, { description: 'The same chats with every prompt token at the full price.' })
  withoutCache!: Money;

  @Field(() => Money, {
    description: '`withoutCache` minus `spent` and `storage`; negative if caching cost more than it saved.',
  })
  saved!: Money;

  @Field(() => Float, {
    description:
      '0 to 1: the share of the chats’ tokens whose model had a price when they were used; 1 before the first chat.',
  })
  pricedShare!: number;
}

@ObjectType({
  description:
    'Prices per million tokens; storage per million tokens and hour. By the operator’s price file.',
})
export class ModelPrices {
  @Field(() => String, { description: 'ISO 4217 code, e.g. `CNY`.' })
  currency!: string;

  @Field(() => Decimal, { description: 'Prompt tokens.' })
  input!: string;

  @Field(() => Decimal, {
    description: 'Prompt tokens read from the cache; the price of `input` if the file has none.',
  })
  cachedInput!: string;

  @Field(() => Decimal, {
    description: 'Prompt tokens written to the cache; the price of `input` if the file has none.',
  })
  cacheWrite!: string;

  @Field(() => Decimal, { description: 'Completion tokens.' })
  output!: string;

  @Field(() => Decimal, { description: 'Keeping tokens in the cache, per hour; 0 if the file has none.' })
  storagePerHour!: string;
}

@ObjectType({
  description:
    'Whether caching a prompt pays. Assumes that its context is created once a day and kept alive all day, as chats come evenly.',
})
export class CachingAdvice {
  @Field(() => Boolean, {
    description:
      'Whether an hour with the cache costs less than one without; false if the prompt is shorter than `cache.minPromptTokens` of its model.',
  })
  worthIt!: boolean;

  @Field(() => Float, {
    nullable: true,
    description: 'The rate of chats above which caching pays; null if it never does.',
  })
  breakEvenChatsPerHour!: number | null;

  @Field(() => Money, {
    description:
      'The prompt’s tokens in an hour with a cache: a 24th of the creation, the storage, and the cached reads.',
  })
  withCachePerHour!: Money;

  @Field(() => Money, { description: 'The same tokens in an hour without a cache, at the full price.' })
  withoutCachePerHour!: Money;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds: the shortest ttl within the model’s bounds that at most 1 % of the gaps between randomly timed chats exceed; a day if the model’s `cache.expiry` is FIXED. null if caching does not pay or no ttl is long enough.',
  })
  ttl!: number | null;
}
