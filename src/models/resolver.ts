import { Ctx, Query, Resolver } from 'type-graphql';
import { RequestContext } from '../request-context.js';
import { listModels } from './list.js';
import { Model } from './types.js';

@Resolver(() => Model)
export class ModelResolver {
  @Query(() => [Model], {
    description: 'The models that the gateway offers to this caller, in its order. Source: `GET /models`.',
  })
  models(@Ctx() context: RequestContext): Promise<Model[]> {
    return listModels(context.dataSources.gateway);
  }
}
