import { Ctx, Query, Resolver } from 'type-graphql';
import type { GatewayModel } from '../gateway/types.js';
import type { ModelList } from '../pricing/model-list.js';
import { RequestContext } from '../request-context.js';
import { cacheOf } from './capabilities.js';
import { Model } from './types.js';

@Resolver(() => Model)
export class ModelResolver {
  /** By request: all aliases of an operation share one call. */
  private readonly asked = new WeakMap<RequestContext, Promise<GatewayModel[]>>();

  constructor(private readonly list: ModelList) {}

  @Query(() => [Model], {
    description:
      'The models that the gateway offers to this caller, in its order, without those that it has shut down. Source: `GET /models`.',
  })
  async models(@Ctx() context: RequestContext): Promise<Model[]> {
    const asked = this.asked.get(context) ?? context.dataSources.gateway.models();
    this.asked.set(context, asked);
    const models = await asked;
    return models
      .filter(({ isShutDown }) => !isShutDown)
      .map((model) => {
        const cache = cacheOf(model, this.list);
        const prices = this.list.pricesOf(model.id, 1);
        return { ...model, supportsContextCache: cache !== null, cache, prices };
      });
  }
}
