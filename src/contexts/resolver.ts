import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { RequestContext } from '../request-context.js';
import { Contexts } from './contexts.js';
import { CreateContextInput } from './input.js';
import { ContextCache } from './types.js';

@Resolver(() => ContextCache)
export class ContextResolver {
  constructor(private readonly contexts: Contexts) {}

  @Mutation(() => ContextCache, {
    description:
      'Stores the beginning of a conversation at the gateway, so that later chats name it instead of sending it again. Source: `POST /context/create`.',
  })
  createContext(
    @Arg('input', () => CreateContextInput, {
      description: 'What to keep, for which model, how and how long.',
    })
    input: CreateContextInput,
    @Ctx() context: RequestContext,
  ): Promise<ContextCache> {
    return this.contexts.create(input, context);
  }
}
