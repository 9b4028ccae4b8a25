import { NO_USE, type Store } from '../registry/store.js';
import type { RequestContext } from '../request-context.js';
import { addTotals, toContextTotals } from './records.js';
import type { CacheReport } from './types.js';

/** What caching saved the caller since the hour that `since` lies in. */
export async function cacheReport(
  since: Date | null,
  store: Store,
  request: RequestContext,
): Promise<CacheReport> {
  const rows = await store.usage(request.caller.id, since?.getTime() ?? 0, request.now());
  return {
    contexts: rows.reduce((sum, { contexts }) => sum + contexts, 0),
    totals: toContextTotals(rows.reduce(addTotals, NO_USE)),
    byModel: rows.map((row) => ({
      model: row.model,
      contexts: row.contexts,
      totals: toContextTotals(row),
    })),
  };
}
