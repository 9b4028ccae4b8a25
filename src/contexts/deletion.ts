import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DetachedWork } from '../coordination/detached-work.js';
import { toAppError } from '../errors.js';
import { APIS } from '../gateway/apis.js';
import type { RequestContext } from '../request-context.js';
import type { ContextRecord, Store } from '../store/store.js';
import { apiOfContext } from './records.js';

/** Milliseconds before each further try. What is never deleted ends with its expiry. */
const RETRY_MS = [1_000, 5_000, 30_000];

export function isDeletable(context: ContextRecord): boolean {
  return APIS[apiOfContext(context)].capabilitiesOf(context.model).deletable;
}

/** Deletes unowned contexts at the gateway, in the background. */
export class Deletion {
  constructor(
    private readonly store: Store,
    private readonly detachedWork: DetachedWork,
    private readonly log: Logger,
  ) {}

  /** Resolves once the store has no such context, so that nobody can begin to share it. */
  async deleteUnowned(key: string, request: RequestContext): Promise<void> {
    const removed = await this.store.removeUnowned(key, request.now());
    if (removed) this.deleteLater(removed, request);
  }

  /** Deletes what a chat has added to a context that was deleted meanwhile. */
  deleteLater(context: ContextRecord, request: RequestContext): void {
    void this.detachedWork.track(this.delete(context, request.detached()));
  }

  private async delete(context: ContextRecord, request: RequestContext): Promise<void> {
    for (const [tries, waitMs] of [0, ...RETRY_MS].entries()) {
      if (waitMs > 0) await pause(waitMs, undefined, { ref: false });
      try {
        await request.dataSources.gateway.deleteContext(apiOfContext(context), context.gatewayId);
        return;
      } catch (error) {
        const { requestId } = request;
        const said = { requestId, code: toAppError(error).code, tries: tries + 1 };
        this.log.warn(said, 'a context could not be deleted at the gateway');
      }
    }
  }
}
