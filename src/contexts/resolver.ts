import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import { RequestContext } from '../request-context.js';
import { Contexts } from './contexts.js';
import { CreateContextInput } from './input.js';
import { CacheReport, ContextCache, ContextCacheConnection } from './types.js';

const CONTEXT_ID = 'Id of the context, as `createContext` gave it.';

@Resolver(() => ContextCache)
export class ContextResolver {
  constructor(private readonly rules: Contexts) {}

  @Mutation(() => ContextCache, {
    description:
      'Stores the beginning of a conversation at the gateway, so that later chats name it instead of sending it again. It is yours alone. Source: `POST /context/create`.',
  })
  createContext(
    @Arg('input', () => CreateContextInput, {
      description: 'What to keep, for which model, how and how long.',
    })
    input: CreateContextInput,
    @Ctx() context: RequestContext,
  ): Promise<ContextCache> {
    return this.rules.create(input, context);
  }

  @Query(() => ContextCache, {
    nullable: true,
    description:
      'One of your contexts. CONTEXT_NOT_FOUND where it is unknown, has expired or is another caller’s. The gateway is not asked.',
  })
  context(
    @Arg('id', () => ID, { description: CONTEXT_ID }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ContextCache> {
    return this.rules.find(id, context);
  }

  @Query(() => ContextCacheConnection, {
    description: 'Your live contexts, the newest first. The gateway is not asked.',
  })
  contexts(
    @Arg('first', () => Int, { defaultValue: 20, description: 'How many at most, 1 to 100.' }) first: number,
    @Arg('after', () => String, { nullable: true, description: 'Cursor of the entry to go on behind.' })
    after: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<ContextCacheConnection> {
    return this.rules.list(first, after ?? null, context);
  }

  @Query(() => CacheReport, {
    description: 'What caching saved you, over all your contexts of the last 400 days.',
  })
  cacheReport(
    @Arg('since', () => Date, {
      nullable: true,
      description: 'Count from the start of the hour that this lies in; left out: from the beginning.',
    })
    since: Date | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<CacheReport> {
    return this.rules.report(since ?? null, context);
  }

  @Mutation(() => Boolean, {
    description:
      'Takes a context out of your list for good; false where there was none. The gateway has no call to delete one: there it ends with its ttl.',
  })
  forgetContext(
    @Arg('id', () => ID, { description: CONTEXT_ID }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<boolean> {
    return this.rules.forget(id, context);
  }
}
