import type { SingleFlight } from '../../coordination/single-flight.js';
import { afterProcessing } from '../../errors.js';
import type { NewContext } from '../../gateway/types.js';
import type { RequestContext } from '../../request-context.js';
import { DAY_MS } from '../../store/hours.js';
import { type OwnedContext, type Store } from '../../store/store.js';
import { prefixKey } from '../keys.js';
import { isPrefix } from '../records.js';
import type { Creation } from './creation.js';

export type ReuseScope = 'caller' | 'everyone';

/** A context that expires within these milliseconds is not reused. */
export const MIN_LIFETIME_MS = 60_000;
/** Milliseconds without a request after which a prefix is created anew. */
const POINTER_MS = 30 * DAY_MS;

export interface Found {
  owned: OwnedContext;
  reused: boolean;
}

/**
 * Reuses one context for equal prefixes. The gateway gets one creation, however many requests arrive at once in however many
 * processes. A pointer is a value in the store: it maps a prefix to its context's key.
 */
export class Reuse {
  constructor(
    private readonly store: Store,
    private readonly creation: Creation,
    private readonly flights: SingleFlight<Found>,
    private readonly scope: ReuseScope,
  ) {}

  /** `prompt`: the name of the prompt that needs it, if any. `minLifetimeMs`: what it must have left. */
  async findOrCreate(
    input: NewContext,
    request: RequestContext,
    prompt = '',
    minLifetimeMs = MIN_LIFETIME_MS,
  ): Promise<Found> {
    const pointer = this.pointerFor(input, request);
    const found = await this.findBy(pointer, request, minLifetimeMs);
    if (found) return { owned: found, reused: true };
    const createOnce = async (own: RequestContext): Promise<Found> => {
      // Another process may have created it before this one got the lease.
      const first = await this.findBy(pointer, own, minLifetimeMs);
      if (first) return { owned: first, reused: true };
      const owned = await this.creation.create(input, own, prompt);
      if (isPrefix(owned.context)) await afterProcessing(() => this.setPointer(pointer, owned, own));
      return { owned, reused: false };
    };
    const { result, isLeader } = await this.flights.join(pointer, request, createOnce);
    if (isLeader) return result;
    const { key } = result.owned.context;
    const owned = await this.store.addOwner(key, request.caller.id, request.now());
    if (owned) return { owned, reused: true };
    // The context has expired or was forgotten in the meantime.
    return { owned: await this.creation.create(input, request, prompt), reused: false };
  }

  /** Makes a context that was created without `reuse` available to its creator's later requests. */
  async remember(input: NewContext, owned: OwnedContext, request: RequestContext): Promise<void> {
    if (this.scope !== 'caller' || !isPrefix(owned.context)) return;
    await this.setPointer(this.pointerFor(input, request), owned, request);
  }

  private async setPointer(pointer: string, { context }: OwnedContext, request: RequestContext) {
    const now = request.now();
    await this.store.setValue(pointer, context.key, pointerExpiry(now) - now, now);
  }

  private pointerFor(input: NewContext, { caller }: RequestContext): string {
    return prefixKey(input, caller, this.scope === 'everyone' ? '' : caller.id);
  }

  /** Returns a live context with these messages; null if none can be reused. */
  find(input: NewContext, request: RequestContext, minLifetimeMs?: number): Promise<OwnedContext | null> {
    return this.findBy(this.pointerFor(input, request), request, minLifetimeMs);
  }

  /** Returns the pointer's context if it lives long enough and the caller owns it or may share it. */
  private async findBy(
    pointer: string,
    request: RequestContext,
    minLifetimeMs = MIN_LIFETIME_MS,
  ): Promise<OwnedContext | null> {
    const { store, scope } = this;
    const now = request.now();
    const key = await store.value(pointer, now);
    if (key === null) return null;
    const context = await store.context(key, now);
    if (context === null || context.expiresAt - now < minLifetimeMs) return null;
    await store.extendValue(pointer, pointerExpiry(now), now);
    return scope === 'everyone'
      ? store.addOwner(key, request.caller.id, now)
      : store.ownedContext(request.caller.id, key, now);
  }
}

/** Rounded to a day, so that most requests do not have to write it. */
function pointerExpiry(now: number): number {
  return Math.floor((now + POINTER_MS) / DAY_MS) * DAY_MS;
}
