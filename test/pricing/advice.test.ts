import { APIS } from '../../src/gateway/apis.js';
import { adviseCaching } from '../../src/pricing/advice.js';
import type { Prices } from '../../src/pricing/prices.js';

const prices = (input: string, cachedInput: string, storagePerHour: string, cacheWrite = input): Prices => ({
  currency: 'CNY',
  input,
  cachedInput,
  cacheWrite,
  output: '1',
  storagePerHour,
});

/** In millionths, so that it is exact: a day of `chats` chats, with a context that is created once and kept for 24 hours. */
function dayCosts({ input, cachedInput, cacheWrite, storagePerHour }: Prices, chats: number) {
  const [i, c, w, s] = [input, cachedInput, cacheWrite, storagePerHour].map((price) =>
    Math.round(Number(price) * 1e6),
  ) as [number, number, number, number];
  return { withCache: w + 24 * s + chats * c, withoutCache: chats * i };
}

const CONTEXT_API = APIS.context.capabilitiesOf('m');
const advise = (of: Prices, promptTokens: number, chatsPerHour: number, api = CONTEXT_API) =>
  adviseCaching(of, promptTokens, chatsPerHour, api);

const firstChatThatPays = (of: Prices) =>
  Array.from({ length: 1_000 }, (_, index) => index + 1).find(
    (chats) => advise(of, 1_000, chats / 24).worthIt,
  );

const CHEAP_TO_KEEP = prices('4.00', '0.80', '0', '0.01');

describe('the advice on caching', () => {
  it('says from which chat of a day on a context pays that is kept for 24 hours', () => {
    expect(firstChatThatPays(prices('4.00', '0.80', '0.017'))).toBe(2);
    expect(firstChatThatPays(prices('1.25', '0.125', '4.50'))).toBe(98);
  });

  it('agrees with days that are added up, over a grid of prices and rates', () => {
    for (const input of ['0.80', '4.00', '1.25'])
      for (const share of [0, 0.1, 0.2, 0.5, 1, 1.5])
        for (const storage of ['0', '0.017', '1.00', '4.50'])
          for (const write of ['0.80', '1.563', '5.00'])
            for (const chats of [1, 2, 3, 7, 24, 97, 98, 500, 10_000]) {
              const cached = (Number(input) * share).toFixed(6);
              const of = prices(input, cached, storage, write);
              const { withCache, withoutCache } = dayCosts(of, chats);
              // On the dot, the rounding of the rate decides.
              if (withCache === withoutCache) continue;
              const advice = advise(of, 1_000, chats / 24);
              const pays = withCache < withoutCache;
              expect({ of, chats, worthIt: advice.worthIt }).toEqual({ of, chats, worthIt: pays });
              const from = advice.breakEvenChatsPerHour;
              expect(from !== null && chats / 24 > from).toBe(pays);
            }
  });

  it('says what an hour costs either way', () => {
    expect(advise(prices('4.00', '0.80', '0.017'), 1_000_000, 10)).toMatchObject({
      withCachePerHour: { amount: '8.183666666667', currency: 'CNY' },
      withoutCachePerHour: { amount: '40', currency: 'CNY' },
      breakEvenChatsPerHour: expect.closeTo(0.0574, 4),
    });
  });

  it('never pays where cached tokens cost as much as others', () => {
    expect(advise(prices('1', '1', '0'), 1_000, 1_000)).toMatchObject({
      worthIt: false,
      breakEvenChatsPerHour: null,
      ttl: null,
    });
  });

  it('never pays for a prompt that is shorter than the model caches', () => {
    const never = { worthIt: false, breakEvenChatsPerHour: null, ttl: null };
    const api = APIS.responses.capabilitiesOf('m');
    expect(advise(CHEAP_TO_KEEP, 255, 60, api)).toMatchObject(never);
    expect(advise(CHEAP_TO_KEEP, 256, 60, api)).toMatchObject({ worthIt: true, ttl: 86_400 });
  });

  it.each([
    [1_000, 3_600],
    [4.6, 3_605],
    [1, 16_579],
    [0.06, 276_311],
    [0.02, null],
  ])('names for %d chats an hour the shortest ttl that gaps seldom outlast', (rate, ttl) => {
    expect(advise(CHEAP_TO_KEEP, 1_000, rate).ttl).toBe(ttl);
  });

  it('keeps to what the API that serves the model can do', () => {
    const ttlOf = (api: keyof typeof APIS, rate: number) =>
      advise(CHEAP_TO_KEEP, 5_000, rate, APIS[api].capabilitiesOf('m')).ttl;
    expect(ttlOf('gemini-context', 1_000)).toBe(300);
    expect(ttlOf('gemini-context', 10)).toBe(1_658);
    expect(ttlOf('gemini-context', 0.02)).toBe(828_931);
    // Its contexts end at a fixed time; the advice is for one that is created once a day.
    for (const rate of [1_000, 1, 0.02]) expect(ttlOf('responses', rate)).toBe(86_400);
  });
});
