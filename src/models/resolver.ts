import { Ctx, Query, Resolver } from 'type-graphql';
import { supportsContextCache } from '../gateway/context-api/model-families.js';
import type { PriceList } from '../pricing/price-list.js';
import { RequestContext } from '../request-context.js';
import { Model } from './types.js';

@Resolver(() => Model)
export class ModelResolver {
  constructor(private readonly prices: PriceList) {}

  @Query(() => [Model], {
    description: 'The models that the gateway offers to this caller, in its order. Source: `GET /models`.',
  })
  async models(@Ctx() context: RequestContext): Promise<Model[]> {
    const models = await context.dataSources.gateway.models();
    return models.map((model) => ({
      ...model,
      supportsContextCache: supportsContextCache(model.id),
      prices: this.prices.find(model.id, 1),
    }));
  }
}
