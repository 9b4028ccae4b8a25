import type { SingleFlight } from '../../coordination/single-flight.js';
import { contextNotFound } from '../../errors.js';
import type { RequestContext } from '../../request-context.js';
import type { ContextRecord, Store } from '../../store/store.js';
import { isPrefix } from '../records.js';
import type { Creation } from './creation.js';

/** Handles contexts that the gateway lost before they expired. */
export class Recovery {
  constructor(
    private readonly store: Store,
    private readonly creation: Creation,
    private readonly flights: SingleFlight<ContextRecord>,
  ) {}

  /** Recreates a prefix once for all who wait for it, under a new gateway id. A session cannot be recreated. */
  async recover(lost: ContextRecord, request: RequestContext): Promise<ContextRecord> {
    if (!isPrefix(lost)) return this.removeLost(lost, request);
    const recreate = (own: RequestContext) => this.recreate(lost, own);
    const { result } = await this.flights.join(`recover:${lost.key}`, request, recreate);
    return result;
  }

  private async recreate(lost: ContextRecord, request: RequestContext): Promise<ContextRecord> {
    const current = await this.store.context(lost.key, request.now());
    if (current === null) throw contextNotFound();
    const isRecreated = current.gatewayId !== lost.gatewayId;
    if (isRecreated) return current;
    return (await this.creation.recreate(current, request)) ?? (await this.removeLost(lost, request));
  }

  /** Deletes a context that cannot be recreated; throws CONTEXT_NOT_FOUND. */
  async removeLost(lost: ContextRecord, request: RequestContext): Promise<never> {
    await removeLost(this.store, lost, request.now());
    throw contextNotFound();
  }
}

/** Deletes a context that the gateway has lost, unless it was recreated under another id in the meantime. */
export async function removeLost(store: Store, lost: ContextRecord, now: number): Promise<void> {
  const current = await store.context(lost.key, now);
  if (current?.gatewayId === lost.gatewayId) await store.remove(lost.key);
}
