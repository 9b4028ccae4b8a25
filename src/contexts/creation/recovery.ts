import type { DetachedWork } from '../../coordination/detached-work.js';
import type { Leases } from '../../coordination/leases.js';
import { Flights } from '../../coordination/single-flight.js';
import { contextNotFound } from '../../errors.js';
import { ContextMode } from '../../gateway/types.js';
import type { ContextRecord, Store } from '../../registry/store.js';
import type { RequestContext } from '../../request-context.js';
import type { Creation } from './creation.js';

export interface RecoveryParts {
  store: Store;
  leases: Leases;
  detachedWork: DetachedWork;
  creation: Creation;
}

/** What is done about a context that the gateway has lost while it should still live. */
export class Recovery {
  /** One for each context that this process is creating again. */
  private readonly flights: Flights<ContextRecord>;

  constructor(private readonly parts: RecoveryParts) {
    this.flights = new Flights(parts.detachedWork);
  }

  /** The same prefix under its new id at the gateway, created once for all who wait; a session is lost for good. */
  async recover(lost: ContextRecord, request: RequestContext): Promise<ContextRecord> {
    if (lost.mode !== ContextMode.COMMON_PREFIX) return this.giveUp(lost, request);
    const { result } = await this.flights.join(lost.key, request, (detached) =>
      this.createOnce(lost, detached),
    );
    return result;
  }

  private async createOnce(lost: ContextRecord, request: RequestContext): Promise<ContextRecord> {
    const { store, leases, creation } = this.parts;
    const lease = await leases.take(`recover:${lost.key}`, request.signal);
    try {
      const current = await store.context(lost.key, request.now());
      if (current === null) throw contextNotFound();
      const isBack = current.gatewayId !== lost.gatewayId;
      if (isBack) return current;
      return (await creation.createAgain(current, request)) ?? (await this.giveUp(lost, request));
    } finally {
      await lease.release();
    }
  }

  /** Removes a context that is lost for good, so that nobody is given it again, unless it is back under another id. */
  async giveUp(lost: ContextRecord, request: RequestContext): Promise<never> {
    const { store } = this.parts;
    const current = await store.context(lost.key, request.now());
    if (current?.gatewayId === lost.gatewayId) await store.remove(lost.key);
    throw contextNotFound();
  }
}
