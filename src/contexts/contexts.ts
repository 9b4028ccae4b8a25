import type { KnownContexts } from '../registry/known-contexts.js';
import type { RequestContext } from '../request-context.js';
import type { CreateContextInput } from './input.js';
import type { ContextCache } from './types.js';

/** What is done with contexts. */
export class Contexts {
  constructor(private readonly known: KnownContexts<ContextCache>) {}

  /** Creates the context at the gateway; its time to live counts from the moment the answer came. */
  async create(input: CreateContextInput, request: RequestContext): Promise<ContextCache> {
    const created = await request.dataSources.gateway.createContext(input);
    const createdAt = new Date(request.now());
    const context = { ...created, createdAt, expiresAt: expiry(createdAt, created.ttl) };
    this.known.remember(request.caller.id, context);
    return context;
  }

  find(id: string, request: RequestContext): ContextCache | undefined {
    return this.known.find(request.caller.id, id);
  }

  /** Starts the time to live again, as the gateway does at each chat. */
  use(context: ContextCache, request: RequestContext): ContextCache {
    const used = { ...context, expiresAt: expiry(new Date(request.now()), context.ttl) };
    this.known.remember(request.caller.id, used);
    return used;
  }
}

function expiry(from: Date, ttl: number | null): Date | null {
  return ttl === null ? null : new Date(from.getTime() + ttl * 1_000);
}
