import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import { RequestContext } from '../request-context.js';
import type { Store } from '../store/store.js';
import type { Contexts } from './contexts.js';
import { CreateContextInput } from './input.js';
import { pageOfContexts } from './pagination.js';
import { reportCaching } from './report/report.js';
import { CacheReport } from './report/types.js';
import { ContextCache, ContextCacheConnection } from './types.js';

const CONTEXT_ID = 'Id of the context, as returned by `createContext`.';

@Resolver(() => ContextCache)
export class ContextResolver {
  constructor(
    private readonly service: Contexts,
    private readonly store: Store,
  ) {}

  @Mutation(() => ContextCache, {
    description:
      'Caches the beginning of a conversation at the gateway, so that later chats refer to it instead of sending it again. Only you can use it. Source: `POST /context/create`.',
  })
  createContext(
    @Arg('input', () => CreateContextInput, {
      description: 'What to cache, for which model, how and how long.',
    })
    input: CreateContextInput,
    @Ctx() context: RequestContext,
  ): Promise<ContextCache> {
    return this.service.create(input, context);
  }

  @Query(() => ContextCache, {
    nullable: true,
    description:
      'One of your contexts. CONTEXT_NOT_FOUND if it is unknown, has expired or belongs to another caller. Does not call the gateway.',
  })
  context(
    @Arg('id', () => ID, { description: CONTEXT_ID }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ContextCache> {
    return this.service.find(id, context);
  }

  @Query(() => ContextCacheConnection, {
    description: 'Your live contexts, the newest first. Does not call the gateway.',
  })
  contexts(
    @Arg('first', () => Int, { defaultValue: 20, description: 'Maximum number of entries, 1 to 100.' })
    first: number,
    @Arg('after', () => String, { nullable: true, description: 'Return the entries after this cursor.' })
    after: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<ContextCacheConnection> {
    return pageOfContexts(this.store, first, after ?? null, context);
  }

  @Query(() => CacheReport, {
    description: 'What caching has saved you, over all your contexts of the last 400 days.',
  })
  cacheReport(
    @Arg('since', () => Date, {
      nullable: true,
      description: 'Count from the start of this time’s hour. Default: from the beginning.',
    })
    since: Date | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<CacheReport> {
    return reportCaching(this.store, since?.getTime() ?? 0, context);
  }

  @Mutation(() => Boolean, {
    description:
      'Removes a context from your list permanently; false if there was none. Where the API that serves its model can, it is also deleted at the gateway once nobody shares it; elsewhere the gateway keeps it until its ttl ends.',
  })
  forgetContext(
    @Arg('id', () => ID, { description: CONTEXT_ID }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<boolean> {
    return this.service.forget(id, context);
  }
}
