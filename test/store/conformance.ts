import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '../../src/store/hours.js';
import { type Bill, type Extension, type Kept, SPENDING_COUNTS } from '../../src/store/spending.js';
import {
  type ContextRecord,
  type Store,
  type Totals,
  type UnownedUse,
  USAGE_RETENTION_MS,
  type UsedContext,
  ZERO_TOTALS,
} from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { NOON } from '../support/server.js';

let numberOfRecords = 0;
export function record(change: Partial<ContextRecord> = {}): ContextRecord {
  const id = change.id ?? `ctx-${++numberOfRecords}`;
  return {
    key: `${id}:`,
    id,
    gatewayId: id,
    model: 'Doubao-1.5-pro-32k',
    mode: 'SESSION',
    ttl: 3_600,
    createdAt: NOON,
    expiresAt: NOON + HOUR_MS,
    messages: null,
    details: '[null,{"promptTokens":8}]',
    ...change,
  };
}

export const TOKENS = {
  chats: 1,
  promptTokens: 100,
  cachedTokens: 80,
  completionTokens: 7,
  estimatedTokens: 9,
};
const UNPRICED = { bill: null, kept: null };
export const useAt = (at: number) => ({ startedAt: at, at, expiresAt: at + HOUR_MS, ...TOKENS, ...UNPRICED });
export const unowned = (
  names: UnownedUse['names'],
  used: Totals,
  at: number,
  extended: Omit<Extension, 'kept'> | null = null,
): UnownedUse => ({
  caller: names[0]?.scope ?? '',
  names,
  used,
  at,
  extension: extended && { ...extended, kept: null },
  bills: [],
});

/** What every store must do. `pass` lets time pass by the store's own clock, if it deletes by that. */
export function conformance(open: () => Promise<Store>, pass = async (_ms: number) => {}) {
  let store: Store;
  let caller: string;
  let callers = 0;
  beforeEach(async () => {
    store ??= await open();
    caller = `caller-${++callers}`;
  });
  afterAll(() => store.close());
  const ids = async (first = 100, after: { ownedSince: number; key: string } | null = null, now = NOON) =>
    (await store.ownedContexts(caller, first, after, now)).map(({ context }) => context.id);

  describe('a context', () => {
    it('is returned as written, only to its owner', async () => {
      const context = record({ mode: null, ttl: null, messages: 'm', id: 'projects/3 70/缓存"\\' });
      await store.create(context, caller);
      expect(await store.context(context.key, NOON)).toEqual(context);
      const holding = { context, ownedSince: NOON, lastUsedAt: NOON, totals: ZERO_TOTALS };
      expect(await store.ownedContext(caller, context.key, NOON)).toEqual(holding);
      expect(await store.ownedContext('somebody else', context.key, NOON)).toBeNull();
      expect(await store.ownedContext(caller, 'ctx-unknown:', NOON)).toBeNull();
    });

    it('expires exactly at its expiry', async () => {
      const context = record();
      await store.create(context, caller);
      expect(await store.ownedContext(caller, context.key, context.expiresAt - 1)).not.toBeNull();
      expect(await store.ownedContext(caller, context.key, context.expiresAt)).toBeNull();
      expect(await store.context(context.key, context.expiresAt)).toBeNull();
      expect(await ids(100, null, context.expiresAt)).toEqual([]);
      expect(await store.use(caller, context.key, useAt(context.expiresAt))).toBeNull();
      expect(await store.addOwner(context.key, 'late', context.expiresAt)).toBeNull();
      expect(await store.removeOwner(caller, context.key, context.expiresAt)).toBe(false);
    });

    it('belongs to the last creator of its key', async () => {
      const first = record();
      await store.create(first, caller);
      await store.use(caller, first.key, useAt(NOON));
      await store.create({ ...first, createdAt: NOON + 5 }, 'a newcomer');
      expect(await store.ownedContext(caller, first.key, NOON + 5)).toBeNull();
      expect(await ids(100, null, NOON + 5)).toEqual([]);
      expect(await store.ownedContext('a newcomer', first.key, NOON + 5)).toMatchObject({
        totals: ZERO_TOTALS,
      });
    });

    it('is listed once if its owner creates its key again', async () => {
      const first = record();
      await store.create(first, caller);
      await store.create({ ...first, createdAt: NOON + 5 }, caller);
      expect(await ids(100, null, NOON + 5)).toEqual([first.id]);
    });

    it('is replaced and removed for all its owners', async () => {
      const context = record();
      await store.create(context, caller);
      await store.addOwner(context.key, 'a sharer', NOON);
      await store.replace({ ...context, gatewayId: 'ctx-again', expiresAt: NOON + 2 * HOUR_MS }, null, NOON);
      for (const holder of [caller, 'a sharer']) {
        const held = await store.ownedContext(holder, context.key, NOON + HOUR_MS);
        expect(held?.context).toMatchObject({ id: context.id, gatewayId: 'ctx-again' });
      }
      await store.remove(context.key);
      for (const holder of [caller, 'a sharer']) {
        expect(await store.ownedContext(holder, context.key, NOON)).toBeNull();
      }
      await store.replace(context, null, NOON);
      expect(await store.context(context.key, NOON)).toBeNull();
    });
  });

  describe('a use', () => {
    it('adds to the totals and updates the expiry and the last use', async () => {
      const context = record();
      await store.create(context, caller);
      await store.use(caller, context.key, useAt(NOON + 1_000));
      const used = await store.use(caller, context.key, useAt(NOON + 2_000));
      expect(used).toEqual({
        ...{ tokenHours: 0, hasMoved: true },
        context: { ...context, expiresAt: NOON + 2_000 + HOUR_MS },
        ownedSince: NOON,
        lastUsedAt: NOON + 2_000,
        totals: { chats: 2, promptTokens: 200, cachedTokens: 160, completionTokens: 14, estimatedTokens: 18 },
      });
      const { tokenHours: _, hasMoved: __, ...owned } = used as UsedContext;
      expect(await store.ownedContext(caller, context.key, NOON + HOUR_MS)).toEqual(owned);
    });

    it('moves the context on to another gateway id, once from each', async () => {
      const context = record();
      await store.create(context, caller);
      const to = { ...context, gatewayId: 'resp-2' };
      const use = { ...useAt(NOON), expiresAt: context.expiresAt, moved: { from: context, to } };
      expect(await store.use(caller, context.key, use)).toMatchObject({ context: to, hasMoved: true });
      expect(await store.context(context.key, NOON)).toEqual(to);
      const late = { ...use, moved: { from: context, to: { ...context, gatewayId: 'resp-3' } } };
      expect(await store.use(caller, context.key, late)).toMatchObject({
        ...{ context: to, hasMoved: false },
        totals: { chats: 2 },
      });
    });

    it('by a caller who does not own the context does nothing', async () => {
      const context = record();
      await store.create(context, caller);
      expect(await store.use('somebody else', context.key, useAt(NOON))).toBeNull();
      expect(await store.ownedContext(caller, context.key, NOON)).toMatchObject({ totals: ZERO_TOTALS });
    });

    it('is counted if the context was live when it began', async () => {
      const context = record();
      await store.create(context, caller);
      const use = { ...useAt(context.expiresAt + 60_000), startedAt: context.expiresAt - 1 };
      expect(await store.use(caller, context.key, use)).toMatchObject({
        context: { expiresAt: use.expiresAt },
      });
    });

    it('never shortens the expiry', async () => {
      const context = record({ expiresAt: NOON + DAY_MS });
      await store.create(context, caller);
      expect(await store.use(caller, context.key, useAt(NOON))).toMatchObject({ context });
    });

    it('loses no concurrent updates', async () => {
      const context = record();
      await store.create(context, caller);
      await Promise.all(Array.from({ length: 100 }, () => store.use(caller, context.key, useAt(NOON))));
      const held = await store.ownedContext(caller, context.key, NOON);
      expect(held?.totals).toEqual({
        chats: 100,
        promptTokens: 10_000,
        cachedTokens: 8_000,
        completionTokens: 700,
        estimatedTokens: 900,
      });
    });

    it('adds sums larger than 32 bits', async () => {
      const context = record();
      await store.create(context, caller);
      const use = { ...useAt(NOON), promptTokens: 3_000_000_000 };
      await store.use(caller, context.key, use);
      expect(await store.use(caller, context.key, use)).toMatchObject({
        totals: { promptTokens: 6_000_000_000 },
      });
      expect(await store.usage(caller, 0, NOON)).toMatchObject([{ promptTokens: 6_000_000_000 }]);
    });
  });

  describe('a shared context', () => {
    it('keeps separate data for each owner', async () => {
      const context = record();
      const other = `${caller}-other`;
      await store.create(context, caller);
      expect(await store.addOwner(context.key, other, NOON + 10)).toEqual({
        context,
        ownedSince: NOON + 10,
        lastUsedAt: NOON + 10,
        totals: ZERO_TOTALS,
      });
      await store.use(other, context.key, useAt(NOON + 20));
      expect(await store.ownedContext(caller, context.key, NOON + 20)).toMatchObject({
        lastUsedAt: NOON,
        totals: ZERO_TOTALS,
        context: { expiresAt: NOON + 20 + HOUR_MS },
      });
      expect(await store.removeOwner(caller, context.key, NOON)).toBe(true);
      expect(await store.removeOwner(caller, context.key, NOON)).toBe(false);
      expect(await store.ownedContext(caller, context.key, NOON)).toBeNull();
      expect(await store.ownedContext(other, context.key, NOON)).not.toBeNull();
    });

    it('keeps an owner’s data if shared again', async () => {
      const context = record();
      await store.create(context, caller);
      await store.use(caller, context.key, useAt(NOON));
      expect(await store.addOwner(context.key, caller, NOON + 10)).toMatchObject({
        ownedSince: NOON,
        totals: { chats: 1 },
      });
      expect(await store.usage(caller, 0, NOON)).toMatchObject([{ contexts: 1, chats: 1 }]);
    });
  });

  describe('a list', () => {
    it('lists the newest first and continues after a position despite new entries', async () => {
      const made = [];
      for (const age of [5, 4, 3, 3, 3, 1]) {
        const context = record({ createdAt: NOON - age });
        made.push(context);
        await store.create(context, caller);
      }
      const sorted = made.toSorted((a, b) => b.createdAt - a.createdAt || (a.key < b.key ? 1 : -1));
      const expected = sorted.map(({ id }) => id);
      expect(await ids()).toEqual(expected);
      const first = await ids(2);
      await store.create(record({ createdAt: NOON }), caller);
      const at = sorted[1];
      const place = { ownedSince: at?.createdAt ?? 0, key: at?.key ?? '' };
      expect([...first, ...(await ids(3, place)), ...(await ids(100, place)).slice(3)]).toEqual(expected);
    });

    it('skips removed, expired and replaced contexts and still fills its page', async () => {
      const made = Array.from({ length: 8 }, (_, index) =>
        record({ createdAt: NOON + index, ...(index % 4 === 1 && { expiresAt: NOON + 50 }) }),
      );
      for (const context of made) await store.create(context, caller);
      await store.removeOwner(caller, made[6]?.key ?? '', NOON + 10);
      await store.create({ ...(made[4] as ContextRecord), createdAt: NOON + 20 }, 'a newcomer');
      const left = [7, 3, 2, 0].map((index) => made[index]?.id);
      expect(await ids(3, null, NOON + 100)).toEqual(left.slice(0, 3));
      expect(await ids(100, null, NOON + 100)).toEqual(left);
    });

    it('sorts own and shared contexts together, including those shared again', async () => {
      const made = Array.from({ length: 6 }, (_, n) => record({ createdAt: NOON + n }));
      for (const [n, context] of made.entries()) {
        await store.create(context, n % 2 ? `${caller}-other` : caller);
        if (n % 2) await store.addOwner(context.key, caller, context.createdAt);
      }
      const newest = made.map(({ id }) => id).toReversed();
      expect(await ids(4, null, NOON + 9)).toEqual(newest.slice(0, 4));
      const place = { ownedSince: NOON + 2, key: made[2]?.key ?? '' };
      expect(await ids(4, place, NOON + 9)).toEqual(newest.slice(4));
      const [first] = made as [ContextRecord];
      await store.use(caller, first.key, useAt(NOON + 9));
      expect(await store.removeOwner(caller, first.key, NOON + 9)).toBe(true);
      expect(await store.use(caller, first.key, useAt(NOON + 9))).toBeNull();
      const again = { ownedSince: NOON + 10, totals: ZERO_TOTALS };
      expect(await store.addOwner(first.key, caller, NOON + 10)).toMatchObject(again);
      expect(await ids(100, null, NOON + 10)).toEqual([first.id, ...newest.slice(0, 5)]);
    });

    it('has a context as long as others keep it alive', async () => {
      const half = HOUR_MS / 2;
      const [used, shared, replaced] = [record(), record(), record()];
      for (const context of [used, shared, replaced]) {
        await store.create(context, 'the one who uses it');
      }
      // Lists of one each: what keeps one alive does not help another.
      const owners = new Map(
        [used, shared, replaced].map((context) => [`${caller} of ${context.id}`, context]),
      );
      for (const [owner, { key }] of owners) await store.addOwner(key, owner, NOON);
      let now = NOON;
      for (let halves = 1; halves <= 6; halves++) {
        await pass(half);
        now = NOON + halves * half;
        const expiresAt = now + HOUR_MS;
        await store.use('the one who uses it', used.key, useAt(now));
        await store.addUsage(unowned([], TOKENS, now, { key: shared.key, expiresAt }));
        await store.replace({ ...replaced, expiresAt }, null, now);
      }
      for (const [owner, context] of owners) {
        expect(await store.ownedContexts(owner, 9, null, now)).toMatchObject([
          { context: { id: context.id } },
        ]);
      }
      await pass(HOUR_MS - 1);
      for (const owner of owners.keys()) {
        expect(await store.ownedContexts(owner, 9, null, now + HOUR_MS - 1)).toHaveLength(1);
      }
    });

    it('has a context again that was listed while it had expired, after a chat that began in time', async () => {
      const context = record();
      await store.create(context, caller);
      const use = { ...useAt(context.expiresAt + 60_000), startedAt: context.expiresAt - 1 };
      expect(await ids(100, null, context.expiresAt + 1)).toEqual([]);
      expect(await store.use(caller, context.key, use)).not.toBeNull();
      expect(await ids(100, null, use.at)).toEqual([context.id]);
    });

    it('pages through any contexts without missing or repeating one', async () => {
      const ages = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(ages, fc.integer({ min: 1, max: 4 }), async (created, size) => {
          caller = `caller-${++callers}`;
          for (const age of created) await store.create(record({ createdAt: NOON - age }), caller);
          const seen: string[] = [];
          let after: { ownedSince: number; key: string } | null = null;
          for (;;) {
            const page = await store.ownedContexts(caller, size, after, NOON);
            seen.push(...page.map(({ context }) => context.id));
            const last = page.at(-1);
            if (!last) break;
            after = { ownedSince: last.ownedSince, key: last.context.key };
          }
          expect(new Set(seen).size).toBe(created.length);
          expect(seen).toEqual(await ids());
        }),
        { numRuns: 25 },
      );
    });
  });

  describe('the usage report', () => {
    it('sums by model, from the hour of a time', async () => {
      const one = record({ model: 'a:1' });
      const two = record({ model: 'b', createdAt: NOON + 3 * HOUR_MS, expiresAt: NOON + 9 * HOUR_MS });
      await store.create(one, caller);
      await store.use(caller, one.key, useAt(NOON + 1_000));
      await store.create(two, caller);
      await store.use(caller, two.key, useAt(NOON + 3 * HOUR_MS));
      const [a, b] = [
        { name: 'a:1', contexts: 1, ...TOKENS },
        { name: 'b', contexts: 1, ...TOKENS },
      ];
      const now = NOON + 4 * HOUR_MS;
      expect(await store.usage(caller, 0, now)).toEqual([a, b]);
      expect(await store.usage(caller, NOON + HOUR_MS - 1, now)).toEqual([a, b]);
      expect(await store.usage(caller, NOON + HOUR_MS, now)).toEqual([b]);
      expect(await store.usage(caller, now, now)).toEqual([]);
      expect(await store.usage('somebody else', 0, now)).toEqual([]);
    });

    it('outlives the contexts, up to the retention time', async () => {
      const context = record();
      await store.create(context, caller);
      await store.remove(context.key);
      expect(await store.usage(caller, 0, NOON)).toMatchObject([{ contexts: 1 }]);
      expect(await store.usage(caller, 0, NOON + USAGE_RETENTION_MS + HOUR_MS)).toEqual([]);
    });
  });

  describe('a context that its owners forgot', () => {
    it('is deleted once nobody owns it, and not before', async () => {
      const context = record();
      await store.create(context, caller);
      await store.addOwner(context.key, 'a sharer', NOON);
      expect(await store.removeUnowned(context.key, NOON)).toBeNull();
      await store.removeOwner(caller, context.key, NOON);
      expect(await store.removeUnowned(context.key, NOON)).toBeNull();
      await store.removeOwner('a sharer', context.key, NOON);
      expect(await store.removeUnowned(context.key, context.expiresAt)).toBeNull();
      expect(await store.removeUnowned(context.key, NOON)).toEqual(context);
      expect(await store.removeUnowned(context.key, NOON)).toBeNull();
      expect(await store.addOwner(context.key, 'late', NOON)).toBeNull();
    });
  });

  describe('spending', () => {
    const KEY = { model: 'm', prompt: '', prices: '["CNY","1","1","1","1","0.017"]' };
    const NONE = Object.fromEntries(SPENDING_COUNTS.map((name) => [name, 0]));
    const DAY = Math.floor(NOON / DAY_MS) * DAY_MS;
    const spent = (counts: Bill['counts'], day = DAY, key: Partial<typeof KEY> = {}) => ({
      ...{ ...KEY, ...key, day, ...NONE },
      ...counts,
    });
    const billed = (counts: Bill['counts'], key: Partial<typeof KEY> = {}): Bill => ({
      ...{ ...KEY, ...key },
      caller,
      counts,
    });
    const kept = (change: Partial<Kept> = {}): Kept => ({
      ...KEY,
      ...{ since: NOON, tokens: 100, addedTokens: 0 },
      ...change,
    });
    const spendingOf = (owner = caller, now = NOON, since = 0) => store.spending(owner, since, now);

    it('is summed up by day, model, prompt and prices, from the hour of a time, up to the retention time', async () => {
      const spend = (at: number, bill: Bill) => store.addUsage({ ...unowned([], TOKENS, at), bills: [bill] });
      await spend(NOON, billed({ input: 1, cachedInput: 2, cacheWrite: 3, output: 4 }));
      await spend(NOON + 1, billed({ input: 10, chatPrompt: 5, chatOutput: 6, userTokens: 7 }));
      await spend(NOON, billed({ input: 1 }, { prompt: 'support' }));
      await spend(NOON + HOUR_MS, billed({ input: 1 }, { prices: '["CNY","2"]' }));
      await spend(NOON + DAY_MS, billed({ input: 4_000_000_000 }));
      const now = NOON + DAY_MS;
      const first = spent({
        ...{ input: 11, cachedInput: 2, cacheWrite: 3, output: 4 },
        ...{ chatPrompt: 5, chatOutput: 6, userTokens: 7 },
      });
      const later = spent({ input: 1 }, DAY, { prices: '["CNY","2"]' });
      const next = spent({ input: 4_000_000_000 }, DAY + DAY_MS);
      const ofPrompt = spent({ input: 1 }, DAY, { prompt: 'support' });
      expect(await spendingOf(caller, now)).toEqual([first, later, ofPrompt, next]);
      expect(await spendingOf(caller, now, NOON + HOUR_MS)).toEqual([later, next]);
      expect(await spendingOf(caller, NOON + USAGE_RETENTION_MS + DAY_MS)).toEqual([next]);
      expect(await spendingOf('somebody else', now)).toEqual([]);
    });

    it('has what a creation and its replacement cost', async () => {
      const context = record();
      await store.create(context, caller, billed({ input: 100, tokenHours: 100 }));
      await store.replace(context, billed({ input: 50 }), NOON + 1);
      await store.replace(record(), billed({ input: 5 }), NOON + 1);
      expect(await spendingOf()).toEqual([spent({ input: 155, tokenHours: 100 })]);
    });

    it('has the started hours by which uses extend an expiry, once', async () => {
      const context = record();
      await store.create(context, caller);
      const use = (at: number) => store.use(caller, context.key, { ...useAt(at), kept: kept() });
      let added = 0;
      const hoursAt = async (at: number) => {
        added += (await use(at))?.tokenHours ?? Number.NaN;
        const [sums = { tokenHours: 0 }] = await spendingOf();
        expect(sums.tokenHours).toBe(added);
        return sums.tokenHours / 100;
      };
      // Its first hour was paid for when it was created.
      expect(await hoursAt(NOON)).toBe(0);
      expect(await hoursAt(NOON + 1)).toBe(1);
      expect(await hoursAt(NOON + HOUR_MS)).toBe(1);
      expect(await hoursAt(NOON + HOUR_MS + 1)).toBe(2);
      expect(await hoursAt(NOON + 1)).toBe(2);
    });

    it('has what a session’s chat adds from its hour to the expiry', async () => {
      const context = record({ expiresAt: NOON + 3 * HOUR_MS });
      await store.create(context, caller);
      const at = NOON + HOUR_MS + 1;
      const use = { ...useAt(at), expiresAt: at + 3 * HOUR_MS, kept: kept({ addedTokens: 10 }) };
      await store.use(caller, context.key, use);
      // 100 tokens for two more hours; 10 tokens in the hours two to five.
      expect(await spendingOf()).toEqual([spent({ tokenHours: 240 })]);
    });

    it('shares the hours out by the owners’ tokens; the rest goes to the one whose chat extends them', async () => {
      const context = record();
      const others = [`${caller}-b`, `${caller}-c`] as const;
      await store.create(context, caller);
      for (const other of others) await store.addOwner(context.key, other, NOON);
      const use = (owner: string, at: number, promptTokens: number) =>
        store.use(owner, context.key, {
          ...{ ...useAt(at), promptTokens, completionTokens: 0 },
          kept: kept({ tokens: 7 }),
        });
      await use(others[0], NOON, 2_000);
      await use(others[1], NOON, 1_000);
      await use(caller, NOON + 1, 1_000);
      const hours = async (owner: string) => (await spendingOf(owner))[0]?.tokenHours;
      expect([await hours(caller), await hours(others[0]), await hours(others[1])]).toEqual([3, 3, 1]);
    });

    it('books a prompt’s hours to its holder, and what nobody owns any more to who extends it', async () => {
      const context = record();
      const holder = `${caller}-holder`;
      await store.create(context, holder);
      const extend = (at: number) => {
        const extension: Extension = { key: context.key, expiresAt: at + HOUR_MS, kept: kept() };
        return store.addUsage({
          ...unowned([{ scope: caller, name: 'm' }], TOKENS, at),
          extension,
        });
      };
      expect(await extend(NOON + 1)).toBe(100);
      expect(await extend(NOON + 1)).toBe(0);
      expect(await spendingOf(holder)).toEqual([spent({ tokenHours: 100 })]);
      await store.removeOwner(holder, context.key, NOON);
      await extend(NOON + HOUR_MS + 1);
      expect(await spendingOf()).toEqual([spent({ tokenHours: 100 })]);
    });

    it('has its callers in pages', async () => {
      const callers = ['c', 'a', 'd', 'b'].map((name) => `${caller}-${name}`);
      const days = [NOON, NOON + DAY_MS];
      for (const at of [...days, NOON + DAY_MS + HOUR_MS]) {
        for (const each of callers) {
          await store.addUsage({
            ...unowned([], TOKENS, at),
            bills: [{ ...billed({ input: 1 }), caller: each }],
          });
        }
        await store.purgeExpired(at);
      }
      const now = NOON + DAY_MS + HOUR_MS;
      const found: string[] = [];
      for (let after = ''; ; after = found.at(-1) ?? '') {
        const page = await store.spenders(0, now, 3, after);
        found.push(...page);
        if (page.length < 3) break;
      }
      expect(found.filter((each) => callers.includes(each)).sort()).toEqual(callers.sort());
      expect(new Set(found).size).toBe(found.length);
    });

    it('has only the callers who have spent anything since a day', async () => {
      const [early, late] = [`${caller}-early`, `${caller}-late`];
      for (const [each, at] of [
        [early, NOON],
        [late, NOON + DAY_MS],
      ] as const) {
        await store.addUsage({
          ...unowned([], TOKENS, at),
          bills: [{ ...billed({ input: 1 }), caller: each }],
        });
      }
      const now = NOON + 2 * DAY_MS;
      // As later work does: sums of past hours are moved.
      await store.purgeExpired(now);
      const ofThese = async (since: number) =>
        (await store.spenders(since, now, 10_000, '')).filter((each) => [early, late].includes(each)).sort();
      expect(await ofThese(NOON)).toEqual([early, late]);
      expect(await ofThese(NOON + DAY_MS)).toEqual([late]);
      expect(await ofThese(now)).toEqual([]);
    });
  });

  describe('a chat whose caller owns no context', () => {
    const sums = (scope: string, now = NOON, since = 0) => store.usage(scope, since, now);
    const prompts = () => `${caller}:prompts`;

    it('is added to several names at once, beside the caller’s own chats with a model', async () => {
      const context = record({ model: 'm' });
      await store.create(context, caller);
      await store.use(caller, context.key, useAt(NOON));
      const names = [
        { scope: caller, name: 'm' },
        { scope: prompts(), name: 'support-zh' },
      ];
      await store.addUsage(unowned(names, TOKENS, NOON));
      await store.addUsage(unowned(names, { ...TOKENS, promptTokens: 3_000_000_000 }, NOON + HOUR_MS));
      const ofTwo = { chats: 2, cachedTokens: 160, completionTokens: 14, estimatedTokens: 18 };
      expect(await sums(prompts(), NOON + HOUR_MS)).toEqual([
        { name: 'support-zh', contexts: 0, ...ofTwo, promptTokens: 3_000_000_100 },
      ]);
      const ofThree = { chats: 3, cachedTokens: 240, completionTokens: 21, estimatedTokens: 27 };
      expect(await sums(caller, NOON + HOUR_MS)).toEqual([
        { name: 'm', contexts: 1, ...ofThree, promptTokens: 3_000_000_200 },
      ]);
      const held = await store.ownedContext(caller, context.key, NOON);
      expect(held?.totals).toEqual(TOKENS);
    });

    it('is reported by name, from the hour of a time, up to the retention time', async () => {
      const use = (name: string, at: number) =>
        store.addUsage(unowned([{ scope: caller, name }], TOKENS, at));
      await use('b', NOON);
      await use('a', NOON + 3 * HOUR_MS);
      const [a, b] = ['a', 'b'].map((name) => ({ name, contexts: 0, ...TOKENS }));
      const now = NOON + 3 * HOUR_MS;
      expect(await sums(caller, now)).toEqual([a, b]);
      expect(await sums(caller, now, NOON + HOUR_MS - 1)).toEqual([a, b]);
      expect(await sums(caller, now, NOON + HOUR_MS)).toEqual([a]);
      expect(await sums(caller, NOON + USAGE_RETENTION_MS)).toEqual([a, b]);
      expect(await sums(caller, NOON + USAGE_RETENTION_MS + HOUR_MS)).toEqual([a]);
    });

    it('is not seen in another scope, even if one begins with the other', async () => {
      const day = Math.floor(NOON / DAY_MS);
      const scopes = [caller, prompts(), `${caller}:${day}`, `${caller}:${day}:${day}`, `${caller} `];
      for (const [index, scope] of scopes.entries()) {
        await store.addUsage(unowned([{ scope, name: `n${index}` }], TOKENS, NOON));
      }
      for (const [index, scope] of scopes.entries()) {
        expect(await sums(scope)).toEqual([{ name: `n${index}`, contexts: 0, ...TOKENS }]);
      }
      expect(await sums(`${caller}:`)).toEqual([]);
    });

    it('is found under any name in any scope', async () => {
      const text = fc
        .oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('', ':', 'a:1', '1:2:a', '\n', '客服', '👩‍💻 é', '\'"\\%'),
        )
        .filter((candidate) => !candidate.includes('\0'));
      const names = fc.uniqueArray(text, { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(text, names, async (suffix, some) => {
          const scope = `caller-${++callers} ${suffix}`;
          // A name may equal its scope.
          const all = [...new Set([...some, scope])];
          const used = all.map((name) => ({ scope, name }));
          await store.addUsage(unowned(used, TOKENS, NOON));
          await store.addUsage(unowned(used.slice(0, 1), TOKENS, NOON));
          const found = await sums(scope);
          expect(new Map(found.map(({ name, chats }) => [name, chats]))).toEqual(
            new Map(all.map((name, index) => [name, index === 0 ? 2 : 1])),
          );
          expect(found).toHaveLength(all.length);
        }),
        { numRuns: 50 },
      );
    });

    it('loses no concurrent updates', async () => {
      const names = ['one', 'two'].map((name) => ({ scope: caller, name }));
      await Promise.all(Array.from({ length: 100 }, () => store.addUsage(unowned(names, TOKENS, NOON))));
      expect(await sums(caller)).toMatchObject([
        { name: 'one', chats: 100, promptTokens: 10_000 },
        { name: 'two', chats: 100, promptTokens: 10_000 },
      ]);
    });

    it('extends the expiry of the context that it used, and never shortens it', async () => {
      const context = record();
      const { key, expiresAt } = context;
      await store.create(context, `${caller}-owner`);
      const names = [{ scope: caller, name: 'support-zh' }];
      const useUntil = (until: number, at = NOON) =>
        store.addUsage(unowned(names, TOKENS, at, { key, expiresAt: until }));
      await useUntil(expiresAt - 1);
      expect(await store.context(key, NOON)).toEqual(context);
      await useUntil(expiresAt + 5_000);
      expect(await store.context(key, NOON)).toEqual({ ...context, expiresAt: expiresAt + 5_000 });
      // It expired while the chat ran.
      await useUntil(expiresAt + HOUR_MS, expiresAt + 6_000);
      expect(await store.context(key, expiresAt + HOUR_MS - 1)).not.toBeNull();
      expect(await store.context(key, expiresAt + HOUR_MS)).toBeNull();
      expect(await store.ownedContext(`${caller}-owner`, key, NOON)).toMatchObject({
        lastUsedAt: NOON,
        totals: ZERO_TOTALS,
      });
      expect(await store.ownedContext(caller, key, NOON)).toBeNull();
      expect(await sums(caller, expiresAt + 6_000)).toMatchObject([{ chats: 3, contexts: 0 }]);
    });

    it('extends the expiry even if it is added to no name', async () => {
      const context = record();
      await store.create(context, caller);
      const extended = { key: context.key, expiresAt: context.expiresAt + 1 };
      await store.addUsage(unowned([], TOKENS, NOON, extended));
      expect(await store.context(context.key, NOON)).toMatchObject(extended);
      expect(await store.addUsage(unowned([], TOKENS, NOON))).toBe(0);
    });

    it('is counted although the context is gone, which stays gone', async () => {
      const { key, expiresAt } = record();
      const names = [{ scope: caller, name: 'support-zh' }];
      await store.addUsage(unowned(names, TOKENS, NOON, { key, expiresAt }));
      expect(await store.context(key, NOON)).toBeNull();
      expect(await sums(caller)).toMatchObject([{ chats: 1 }]);
    });
  });

  describe('a run', () => {
    const runOf = (change = {}) => ({
      id: `run-${Math.random()}`,
      callerId: caller,
      holder: 'holder',
      startedAt: NOON,
      goneAt: NOON + HOUR_MS,
      watchedAt: NOON,
      data: '{"status":"您"}',
      ...change,
    });
    const part = (seq: number) => ({ seq, data: `part ${seq} 您` });

    it('is returned as it was stored, until it is gone', async () => {
      const run = runOf();
      await store.runs.createRun(run);
      expect(await store.runs.run(run.id, NOON)).toEqual(run);
      expect(await store.runs.run(run.id, run.goneAt)).toBeNull();
      expect(await store.runs.run('unknown', NOON)).toBeNull();
    });

    it('grows by parts, each stored once, and is read from any seq', async () => {
      const run = runOf();
      await store.runs.createRun(run);
      const state = { goneAt: NOON + 2 * HOUR_MS, data: 'new' };
      const update = { id: run.id, state };
      await store.runs.updateRuns([{ ...update, parts: [part(3)] }], NOON);
      await store.runs.updateRuns([{ ...update, parts: [part(3), part(12)] }], NOON);
      await store.runs.updateRuns([{ ...update, parts: [], state: null }], NOON);
      expect(await store.runs.runParts(run.id, 0)).toEqual([part(3), part(12)]);
      expect(await store.runs.runParts(run.id, 3)).toEqual([part(12)]);
      expect(await store.runs.runParts(run.id, 12)).toEqual([]);
      expect(await store.runs.run(run.id, NOON + HOUR_MS)).toEqual({
        ...run,
        goneAt: state.goneAt,
        data: 'new',
      });
    });

    it('that is unknown is not updated, watched or stopped', async () => {
      const id = `unknown-${Math.random()}`;
      await store.runs.updateRuns(
        [{ id, state: { goneAt: NOON + HOUR_MS, data: 'x' }, parts: [part(1)] }],
        NOON,
      );
      await store.runs.watchRun(id, NOON);
      await store.runs.requestStop(id);
      expect(await store.runs.run(id, NOON)).toBeNull();
      expect(await store.runs.runParts(id, 0)).toEqual([]);
    });

    it('is listed for its caller, the newest first', async () => {
      const runs = [0, 2, 1].map((minutes) => runOf({ startedAt: NOON + minutes * 60_000 }));
      for (const run of runs) await store.runs.createRun(run);
      await store.runs.createRun(runOf({ callerId: `${caller}-other` }));
      const listed = async (limit: number, now = NOON) =>
        (await store.runs.runsOf(caller, limit, now)).map(({ startedAt }) => (startedAt - NOON) / 60_000);
      expect(await listed(10)).toEqual([2, 1, 0]);
      expect(await listed(2)).toEqual([2, 1]);
      expect(await listed(10, NOON + HOUR_MS)).toEqual([]);
    });

    it('is asked to stop at its holder alone', async () => {
      const holder = `holder-${Math.random()}`;
      const [one, two] = [runOf({ holder }), runOf({ holder })];
      for (const run of [one, two]) await store.runs.createRun(run);
      expect(await store.runs.stopRequests(holder)).toEqual([]);
      await store.runs.requestStop(one.id);
      expect(await store.runs.stopRequests(holder)).toEqual([one.id]);
      expect(await store.runs.stopRequests('another')).toEqual([]);
    });

    it('tells when it was watched', async () => {
      const run = runOf();
      await store.runs.createRun(run);
      await store.runs.watchRun(run.id, NOON + 1_000);
      // By another process, whose clock is behind.
      await store.runs.watchRun(run.id, NOON + 500);
      expect(await store.runs.run(run.id, NOON)).toEqual({ ...run, watchedAt: NOON + 1_000 });
    });
  });

  describe('a value', () => {
    it('expires after its ttl', async () => {
      await store.setValue(`${caller} v`, 'x"\n您', 1_000, NOON);
      expect(await store.value(`${caller} v`, NOON + 999)).toBe('x"\n您');
      expect(await store.value(`${caller} v`, NOON + 1_000)).toBeNull();
    });

    it('is added only if there is no live one', async () => {
      const key = `${caller} v`;
      expect(await store.addValue(key, 'one', 1_000, NOON)).toBeNull();
      expect(await store.addValue(key, 'two', 1_000, NOON + 999)).toBe('one');
      expect(await store.addValue(key, 'three', 1_000, NOON + 1_000)).toBeNull();
      expect(await store.value(key, NOON + 1_000)).toBe('three');
    });

    it('is added by one of many concurrent attempts', async () => {
      const tries = Array.from({ length: 20 }, (_, index) =>
        store.addValue(`${caller} v`, `${index}`, 1_000, NOON),
      );
      expect((await Promise.all(tries)).filter((there) => there === null)).toHaveLength(1);
    });

    it('is swapped or removed only if live and equal to the expected one', async () => {
      const key = `${caller} v`;
      await store.setValue(key, 'one', 1_000, NOON);
      expect(await store.compareAndSwapValue(key, 'other', 'two', 1_000, NOON)).toBe(false);
      expect(await store.compareAndSwapValue(key, 'one', 'two', 2_000, NOON + 500)).toBe(true);
      expect(await store.value(key, NOON + 2_499)).toBe('two');
      expect(await store.compareAndSwapValue(key, 'two', 'three', 1_000, NOON + 2_500)).toBe(false);
      await store.setValue(key, 'four', 1_000, NOON);
      expect(await store.compareAndSwapValue(key, 'four', null, 0, NOON)).toBe(true);
      expect(await store.value(key, NOON)).toBeNull();
    });

    it('is extended, never shortened or created', async () => {
      const key = `${caller} v`;
      await store.setValue(key, 'one', 1_000, NOON);
      await store.extendValue(key, NOON + 5_000, NOON);
      await store.extendValue(key, NOON + 2_000, NOON);
      expect(await store.value(key, NOON + 4_999)).toBe('one');
      expect(await store.value(key, NOON + 5_000)).toBeNull();
      await store.extendValue(`${caller} nothing`, NOON + 5_000, NOON);
      expect(await store.value(`${caller} nothing`, NOON)).toBeNull();
    });
  });

  describe('a lease', () => {
    it('is seen to be held until it is released or expires', async () => {
      const name = `${caller} seen`;
      expect(await store.isLeaseHeld(name)).toBe(false);
      await store.acquireLease(name, 'one', 60_000);
      expect(await store.isLeaseHeld(name)).toBe(true);
      await store.releaseLease(name, 'one');
      expect(await store.isLeaseHeld(name)).toBe(false);
      await store.acquireLease(name, 'one', 1);
      await eventually(async () => !(await store.isLeaseHeld(name)));
    });

    const take = (token: string, ttlMs = HOUR_MS) => store.acquireLease(caller, token, ttlMs);

    it('is held in order of arrival, however often others poll', async () => {
      expect(await Promise.all(['one', 'two', 'three'].map((token) => take(token)))).toEqual([
        true,
        false,
        false,
      ]);
      for (const token of ['three', 'two', 'one']) expect(await take(token)).toBe(token === 'one');
      await store.releaseLease(caller, 'two');
      expect(await take('three')).toBe(false);
      await store.releaseLease(caller, 'one');
      expect(await take('three')).toBe(true);
      expect(await take('one')).toBe(false);
    });

    it('is independent of other names', async () => {
      expect(await take('one')).toBe(true);
      expect(await store.acquireLease(`${caller} other`, 'two', HOUR_MS)).toBe(true);
    });

    it('passes to the next once it has expired by the store’s clock, and never back', async () => {
      expect(await take('one', 30)).toBe(true);
      const began = performance.now();
      await eventually(() => take('two'));
      expect(performance.now() - began).toBeGreaterThan(20);
      expect(await store.renewLease(caller, 'one', HOUR_MS)).toBe(false);
      expect(await take('one')).toBe(false);
      await store.releaseLease(caller, 'one');
      expect(await store.renewLease(caller, 'two', HOUR_MS)).toBe(true);
    });

    it('is held by the front of the queue after any sequence of calls', async () => {
      const step = fc.tuple(fc.constantFrom('take', 'renew', 'end'), fc.constantFrom('one', 'two', 'three'));
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          caller = `caller-${++callers}`;
          let queue: string[] = [];
          for (const [what, token] of steps) {
            if (what === 'take' && !queue.includes(token)) queue.push(token);
            if (what === 'end') queue = queue.filter((other) => other !== token);
            if (what === 'end') await store.releaseLease(caller, token);
            else {
              const asked = what === 'take' ? take(token) : store.renewLease(caller, token, HOUR_MS);
              expect(await asked).toBe(queue[0] === token);
            }
          }
        }),
        { numRuns: 50 },
      );
    });

    it('is renewed only by its holder', async () => {
      expect(await take('one', 60)).toBe(true);
      expect(await take('two', 60)).toBe(false);
      expect(await store.renewLease(caller, 'one', HOUR_MS)).toBe(true);
      expect(await store.renewLease(caller, 'two', HOUR_MS)).toBe(false);
      await pause(100);
      expect(await take('three')).toBe(false);
    });

    it('skips expired queue entries', async () => {
      expect(await take('one')).toBe(true);
      expect(await take('two', 20)).toBe(false);
      expect(await take('three')).toBe(false);
      await pause(50);
      await store.releaseLease(caller, 'one');
      expect(await take('three')).toBe(true);
    });
  });

  it('reports that it can be written', async () => {
    await expect(store.check()).resolves.toBeUndefined();
  });
}
