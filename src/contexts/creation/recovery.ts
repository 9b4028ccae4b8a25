import type { DetachedWork } from '../../coordination/detached-work.js';
import type { Leases } from '../../coordination/leases.js';
import { SingleFlight } from '../../coordination/single-flight.js';
import { contextNotFound } from '../../errors.js';
import { ContextMode } from '../../gateway/types.js';
import { isLimitReached } from '../../limits/caller-limits.js';
import type { RequestContext } from '../../request-context.js';
import type { ContextRecord, Store } from '../../store/store.js';
import type { Creation } from './creation.js';

export interface RecoveryParts {
  store: Store;
  leases: Leases;
  detachedWork: DetachedWork;
  creation: Creation;
}

/** Handles contexts that the gateway lost before they expired. */
export class Recovery {
  /** By the key of the context. */
  private readonly flights: SingleFlight<ContextRecord>;

  constructor(private readonly parts: RecoveryParts) {
    this.flights = new SingleFlight(parts.detachedWork, isLimitReached);
  }

  /** Recreates a prefix once for all who wait for it, under a new gateway id. A session cannot be recreated. */
  async recover(lost: ContextRecord, request: RequestContext): Promise<ContextRecord> {
    if (lost.mode !== ContextMode.COMMON_PREFIX) return this.removeLost(lost, request);
    const { result } = await this.flights.join(lost.key, request, (detached) =>
      this.recreateOnce(lost, detached),
    );
    return result;
  }

  private async recreateOnce(lost: ContextRecord, request: RequestContext): Promise<ContextRecord> {
    const { store, leases, creation } = this.parts;
    const lease = await leases.acquire(`recover:${lost.key}`, request.signal);
    try {
      const current = await store.context(lost.key, request.now());
      if (current === null) throw contextNotFound();
      const isRecreated = current.gatewayId !== lost.gatewayId;
      if (isRecreated) return current;
      return (await creation.recreate(current, request)) ?? (await this.removeLost(lost, request));
    } finally {
      await lease.release();
    }
  }

  /** Deletes a context that cannot be recreated; throws CONTEXT_NOT_FOUND. */
  async removeLost(lost: ContextRecord, request: RequestContext): Promise<never> {
    await removeLost(this.parts.store, lost, request.now());
    throw contextNotFound();
  }
}

/** Deletes a context that the gateway has lost, unless it was recreated under another id in the meantime. */
export async function removeLost(store: Store, lost: ContextRecord, now: number): Promise<void> {
  const current = await store.context(lost.key, now);
  if (current?.gatewayId === lost.gatewayId) await store.remove(lost.key);
}
