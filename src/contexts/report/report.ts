import { latestCurrency, moneyReport, storageShare } from '../../pricing/money-report.js';
import type { MoneyReport } from '../../pricing/types.js';
import type { RequestContext } from '../../request-context.js';
import type { Spending } from '../../store/spending.js';
import { type Store, type Totals, ZERO_TOTALS } from '../../store/store.js';
import { promptHolder, promptUsageScope } from '../keys.js';
import { addTotals, toContextTotals } from '../records.js';
import type { CacheReport } from './types.js';

/** What caching has saved a caller, in tokens and, where models have prices, in money. */
export async function reportCaching(
  store: Store,
  since: number,
  request: RequestContext,
): Promise<CacheReport> {
  const { id } = request.caller;
  const now = request.now();
  const [byModel, byPrompt, own] = await Promise.all([
    store.usage(id, since, now),
    store.usage(promptUsageScope(id), since, now),
    store.spending(id, since, now),
  ]);
  // Most servers have no prices, and most callers no prompts.
  const usesPrompts = own.some(({ prompt }) => prompt !== '');
  const shared = usesPrompts ? await store.spending(promptHolder(request.caller), since, now) : [];
  const money = moneyOf(own, shared);
  const totals = byModel.reduce(addTotals, ZERO_TOTALS);
  return {
    contexts: byModel.reduce((sum, { contexts }) => sum + contexts, 0),
    totals: toContextTotals(totals),
    money: money(() => true, totals),
    byModel: byModel.map(({ name: model, contexts, ...sums }) => ({
      model,
      contexts,
      totals: toContextTotals(sums),
      money: money((spending) => spending.model === model, sums),
    })),
    byPrompt: byPrompt.map(({ name: prompt, ...sums }) => ({
      prompt,
      totals: toContextTotals(sums),
      money: money((spending) => spending.prompt === prompt, sums),
    })),
  };
}

/** Reports the wanted part of the spending. */
function moneyOf(own: readonly Spending[], shared: readonly Spending[]) {
  const currency = latestCurrency(own);
  return (
    isWanted: (spending: Spending) => boolean,
    { promptTokens, completionTokens }: Totals,
  ): MoneyReport | null => {
    if (currency === undefined) return null;
    const storage = storageShare(own, shared, isWanted, currency);
    return moneyReport(own.filter(isWanted), storage, promptTokens + completionTokens, currency);
  };
}
