import type { DetachedWork } from '../../coordination/detached-work.js';
import type { Leases } from '../../coordination/leases.js';
import { Flights } from '../../coordination/single-flight.js';
import { afterProcessing } from '../../errors.js';
import { ContextMode } from '../../gateway/types.js';
import { DAY_MS, type Holding, type Store } from '../../registry/store.js';
import type { RequestContext } from '../../request-context.js';
import type { CreateContextInput } from '../input.js';
import { nameOfPrefix } from '../names.js';
import type { Creation } from './creation.js';

export type ReuseScope = 'caller' | 'everyone';

/** A context that ends sooner (milliseconds) is not worth giving out again. */
const SHORTEST_LIFE_MS = 60_000;
/** A prefix that has not been asked for in this long is created anew. */
const POINTER_MS = 30 * DAY_MS;

export interface Found {
  held: Holding;
  reused: boolean;
}

export interface ReuseParts {
  store: Store;
  leases: Leases;
  detachedWork: DetachedWork;
  creation: Creation;
  scope: ReuseScope;
}

/** Gives equal prefixes one context: however many ask at once, in however many processes, the gateway sees one create. */
export class Reuse {
  /** One for each prefix that is being created by this process. */
  private readonly flights: Flights<Found>;

  constructor(private readonly parts: ReuseParts) {
    this.flights = new Flights(parts.detachedWork);
  }

  async findOrCreate(input: CreateContextInput, request: RequestContext): Promise<Found> {
    const pointer = this.pointerTo(input, request);
    const found = await this.find(pointer, request);
    if (found) return { held: found, reused: true };
    const { result, isOwn } = await this.flights.join(pointer, request, (detached) =>
      this.createOnce(pointer, input, detached),
    );
    if (isOwn) return result;
    const { key } = result.held.context;
    const held = await this.parts.store.share(key, request.caller.id, request.now());
    if (held) return { held, reused: true };
    // It has ended or been forgotten just now.
    return { held: await this.parts.creation.create(input, request), reused: false };
  }

  /** Lets its own creator find again what was created without being asked to; nobody else. */
  async remember(input: CreateContextInput, held: Holding, request: RequestContext): Promise<void> {
    if (this.parts.scope !== 'caller' || held.context.mode !== ContextMode.COMMON_PREFIX) return;
    await this.point(this.pointerTo(input, request), held, request);
  }

  private async point(pointer: string, { context }: Holding, request: RequestContext): Promise<void> {
    if (context.mode !== ContextMode.COMMON_PREFIX) return;
    const now = request.now();
    await this.parts.store.setValue(pointer, context.key, pointerEnd(now) - now, now);
  }

  private pointerTo(input: CreateContextInput, { caller }: RequestContext): string {
    return nameOfPrefix(input, caller, this.parts.scope === 'everyone' ? '' : caller.id);
  }

  private async createOnce(
    pointer: string,
    input: CreateContextInput,
    request: RequestContext,
  ): Promise<Found> {
    const { leases, creation } = this.parts;
    const lease = await leases.take(pointer, request.signal);
    try {
      const found = await this.find(pointer, request);
      if (found) return { held: found, reused: true };
      const held = await creation.create(input, request);
      await afterProcessing(() => this.point(pointer, held, request));
      return { held, reused: false };
    } finally {
      await lease.release();
    }
  }

  /** What the pointer names, where it lives long enough and the caller may have it. */
  private async find(pointer: string, request: RequestContext): Promise<Holding | null> {
    const { store, scope } = this.parts;
    const now = request.now();
    const key = await store.value(pointer, now);
    if (key === null) return null;
    const context = await store.context(key, now);
    if (context === null || context.goneAt - now < SHORTEST_LIFE_MS) return null;
    await store.keepValue(pointer, pointerEnd(now), now);
    return scope === 'everyone'
      ? store.share(key, request.caller.id, now)
      : store.holding(request.caller.id, key, now);
  }
}

/** By the day, so that many ask and few have to write. */
function pointerEnd(now: number): number {
  return Math.floor((now + POINTER_MS) / DAY_MS) * DAY_MS;
}
