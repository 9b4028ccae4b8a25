import type { MonitoredStore } from '../store/open-store.js';
import type { Bill } from '../store/spending.js';
import { amountsOf, currencyOf, spentOf } from './money-report.js';

/** What was booked, as floating-point numbers, because metrics are. */
export interface BookedMoney {
  model: string;
  currency: string;
  spent: number;
  storage: number;
  withoutCache: number;
}

const NOTHING = {
  ...{ input: 0, cachedInput: 0, cacheWrite: 0, output: 0 },
  ...{ chatPrompt: 0, chatOutput: 0, tokenHours: 0, userTokens: 0 },
};

/** Reports each booking once it is stored. */
export function meteredStore(store: MonitoredStore, onBooked: (money: BookedMoney) => void): MonitoredStore {
  const tell = (bill: Omit<Bill, 'caller'> | null) => {
    if (bill) onBooked(toNumbers(bill));
  };
  return {
    ...store,
    async create(context, callerId, bill) {
      await store.create(context, callerId, bill);
      tell(bill ?? null);
    },
    async replace(context, bill, at) {
      await store.replace(context, bill, at);
      tell(bill);
    },
    async use(callerId, key, use) {
      const used = await store.use(callerId, key, use);
      if (used) {
        tell(use.bill);
        tell(use.kept && { ...use.kept, counts: { tokenHours: used.tokenHours } });
      }
      return used;
    },
    async addUsage(use) {
      const tokenHours = await store.addUsage(use);
      for (const bill of use.bills) tell(bill);
      tell(use.extension?.kept ? { ...use.extension.kept, counts: { tokenHours } } : null);
      return tokenHours;
    },
  };
}

function toNumbers({ model, prompt, prices, counts }: Omit<Bill, 'caller'>): BookedMoney {
  const spending = { day: 0, model, prompt, prices, ...NOTHING, ...counts };
  const amounts = amountsOf(spending);
  return {
    model,
    currency: currencyOf(spending),
    spent: spentOf(amounts).toNumber(),
    storage: amounts.storage.toNumber(),
    withoutCache: amounts.withoutCache.toNumber(),
  };
}
