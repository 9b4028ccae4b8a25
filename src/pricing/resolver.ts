import { Arg, Query, Resolver } from 'type-graphql';
import { badUserInput } from '../errors.js';
import { adviseCaching } from './advice.js';
import { CachingAdviceInput } from './input.js';
import type { ModelList } from './model-list.js';
import { CachingAdvice } from './types.js';

@Resolver(() => CachingAdvice)
export class PricingResolver {
  constructor(private readonly models: ModelList) {}

  @Query(() => CachingAdvice, {
    description:
      'Whether caching a prompt pays, by the operator’s prices. BAD_USER_INPUT if the model, or a prompt of this size, has no price.',
  })
  cachingAdvice(
    @Arg('input', () => CachingAdviceInput, { description: 'The prompt and its use.' })
    { model, promptTokens, chatsPerHour }: CachingAdviceInput,
  ): CachingAdvice {
    const prices = this.models.pricesOf(model, promptTokens);
    const capabilities = this.models.capabilitiesOf(model);
    if (prices) return adviseCaching(prices, promptTokens, chatsPerHour, capabilities);
    const message =
      'has no price for a prompt of this size; ask the operator to add it to the file of models';
    throw badUserInput(`input.model ${message}.`, [{ path: ['input', 'model'], message }]);
  }
}
