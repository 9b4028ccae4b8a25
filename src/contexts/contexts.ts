import type { Logger } from 'pino';
import type { Answers } from '../coordination/idempotency.js';
import { afterProcessing, badUserInput, contextNotFound } from '../errors.js';
import type { Budgets } from '../limits/budgets.js';
import type { Holding, Store, Totals } from '../registry/store.js';
import type { RequestContext } from '../request-context.js';
import type { Creation } from './creation/creation.js';
import type { KeptMessages } from './creation/kept-messages.js';
import type { Recovery } from './creation/recovery.js';
import type { Reuse } from './creation/reuse.js';
import { fromCursor, LONGEST_PAGE, toCursor } from './cursor.js';
import type { CreateContextInput } from './input.js';
import { keyOf } from './names.js';
import { addTotals, endAfter, toContextCache } from './records.js';
import { cacheReport } from './report.js';
import type { CacheReport, ContextCache, ContextCacheConnection } from './types.js';

export interface ContextsParts {
  store: Store;
  answers: Answers;
  creation: Creation;
  reuse: Reuse;
  recovery: Recovery;
  messages: KeptMessages;
  budgets: Budgets;
  log: Logger;
}

/** What is done with contexts, each caller's own. */
export class Contexts {
  constructor(private readonly parts: ContextsParts) {}

  async create(input: CreateContextInput, request: RequestContext) {
    await this.parts.budgets.takeCreate(request.caller.id);
    const { idempotencyKey } = input;
    if (idempotencyKey == null) return this.createNow(input, request);
    const asked = { callerId: request.caller.id, operation: 'createContext', idempotencyKey, input };
    const detached = request.detached();
    return this.parts.answers.once(asked, request.signal, () => this.createNow(input, detached));
  }

  private async createNow(input: CreateContextInput, request: RequestContext): Promise<ContextCache> {
    const { creation, reuse } = this.parts;
    if (!input.reuse) {
      const held = await creation.create(input, request);
      await afterProcessing(() => reuse.remember(input, held, request));
      return toContextCache(held);
    }
    const { held, reused } = await reuse.findOrCreate(input, request);
    return toContextCache(held, reused);
  }

  /** The caller's own live context. */
  hold(id: string, request: RequestContext): Promise<Holding | null> {
    const { caller } = request;
    return this.parts.store.holding(caller.id, keyOf(caller, id), request.now());
  }

  async find(id: string, request: RequestContext): Promise<ContextCache> {
    const held = await this.hold(id, request);
    if (!held) throw contextNotFound();
    return toContextCache(held);
  }

  async list(first: number, after: string | null, request: RequestContext): Promise<ContextCacheConnection> {
    if (first < 1 || first > LONGEST_PAGE) {
      const message = `must be 1 to ${LONGEST_PAGE}`;
      throw badUserInput(`first ${message}`, [{ path: ['first'], message }]);
    }
    const { caller } = request;
    const place = after === null ? null : fromCursor(after, caller);
    const held = await this.parts.store.holdings(caller.id, first + 1, place, request.now());
    const edges = held.slice(0, first).map((one) => ({ node: toContextCache(one), cursor: toCursor(one) }));
    const pageInfo = {
      hasNextPage: held.length > first,
      hasPreviousPage: place !== null && (await this.hasOtherThan(held[0], request)),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    };
    return { edges, pageInfo };
  }

  /** Whether the caller's newest context is another one than the first of a page. */
  private async hasOtherThan(firstOfPage: Holding | undefined, request: RequestContext): Promise<boolean> {
    const [newest] = await this.parts.store.holdings(request.caller.id, 1, null, request.now());
    return newest !== undefined && newest.context.key !== firstOfPage?.context.key;
  }

  forget(id: string, request: RequestContext): Promise<boolean> {
    const { caller } = request;
    return this.parts.store.release(caller.id, keyOf(caller, id), request.now());
  }

  report(since: Date | null, request: RequestContext): Promise<CacheReport> {
    return cacheReport(since, this.parts.store, request);
  }

  /** The holding of a context that the gateway has lost, once it is there again. */
  async recover(lost: Holding, request: RequestContext): Promise<Holding> {
    return { ...lost, context: await this.parts.recovery.recover(lost.context, request) };
  }

  /** Removes a context that the gateway has lost for good. */
  giveUp(lost: Holding, request: RequestContext): Promise<never> {
    return this.parts.recovery.giveUp(lost.context, request);
  }

  /**
   * Adds what the chat used and, where it was answered, starts the time to live again, as the gateway does. An answer that has come is
   * passed on even where it cannot be counted.
   */
  async use(held: Holding, used: Totals, request: RequestContext, isAnswered = true): Promise<ContextCache> {
    const { store, messages } = this.parts;
    const { context } = held;
    const at = request.now();
    const goneAt = isAnswered ? endAfter(at, context.ttl) : context.goneAt;
    const use = { at, startedAt: request.startedAt, goneAt, ...used };
    try {
      const now = await store.use(request.caller.id, context.key, use);
      if (now) await messages.keepFor(now.context, at);
      if (now) return toContextCache(now);
    } catch (error) {
      const { requestId } = request;
      this.parts.log.error({ requestId, missed: used, err: error }, 'the totals of a chat were missed');
    }
    const totals = addTotals(held.totals, used);
    return toContextCache({ ...held, context: { ...context, goneAt: use.goneAt }, usedAt: at, totals });
  }
}
