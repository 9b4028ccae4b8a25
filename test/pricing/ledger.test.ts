import fc from 'fast-check';
import { MoneyWorld } from '../support/money-world.js';
import { RedisServer } from '../support/redis.js';
import '../support/seed.js';

const HOUR_MS = 3_600_000;
const CALLERS = ['alice', 'bob', 'carol'];
const SESSION = { model: 'Doubao-1.5-pro-32k', messages: [{ role: 'SYSTEM', content: 'You are a clerk.' }] };
const SHARED = { mode: 'COMMON_PREFIX', reuse: true };
const PREFIX_TEXT = [{ role: 'SYSTEM', content: 'word '.repeat(300) }];
const PREFIX = {
  ...{ ...SESSION, ...SHARED },
  messages: [{ role: 'SYSTEM', content: 'word '.repeat(90) }],
};
const GEMINI = { model: 'gemini-2.5-flash', messages: [{ content: 'word '.repeat(1_100) }], ttl: 300 };
const CHAIN = { ...SESSION, model: 'doubao-seed-1-6-251015', messages: PREFIX_TEXT, ttl: 7_200 };
const UNPRICED = { ...SESSION, model: 'Doubao-pro-32k' };

type Step = (world: MoneyWorld) => Promise<void>;
type Method = {
  [name in keyof MoneyWorld]: MoneyWorld[name] extends (...args: never) => Promise<void> ? name : never;
}[keyof MoneyWorld];

/** A call of a method, which a counterexample shows. */
function call<TName extends Method>(name: TName, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Step> {
  return fc.tuple(...args).map((values) => {
    const step: Step = (world) => (world[name] as (...all: unknown[]) => Promise<void>)(...values);
    return Object.assign(step, {
      [fc.toStringMethod]: () => `${String(name)}(${fc.stringify(values).slice(1, -1)})`,
    });
  });
}

const server = fc.nat(1);
const caller = fc.constantFrom(...CALLERS);
const context = fc.nat(20);
const question = fc.constantFrom('hello', 'what is the weather like', '你好，今天天气怎么样？');
const input = fc.constantFrom(
  CHAIN,
  { ...CHAIN, ...SHARED },
  SESSION,
  { ...SESSION, ttl: 3_600 },
  PREFIX,
  PREFIX,
  GEMINI,
  UNPRICED,
);
const minutes = fc.nat(90).map((each) => each * 60_000);
const hours = fc.nat(30).map((each) => each * HOUR_MS);
const step = fc.oneof(
  { weight: 3, arbitrary: call('create', server, caller, input) },
  { weight: 6, arbitrary: call('chat', server, context, question) },
  { weight: 3, arbitrary: call('chatByName', server, caller, question) },
  {
    weight: 2,
    arbitrary: call('cancelStream', server, fc.nat(1), context, fc.integer({ min: 2, max: 8 })),
  },
  { weight: 4, arbitrary: call('advance', minutes) },
  { weight: 2, arbitrary: call('advanceToHour', fc.nat(1)) },
  { weight: 1, arbitrary: call('advance', hours) },
  { weight: 2, arbitrary: call('advanceToRenewal') },
  { weight: 1, arbitrary: call('forget', server, context) },
  { weight: 1, arbitrary: call('restart', server) },
  { weight: 1, arbitrary: call('changePrices') },
);

/** What was booked for the callers is what the gateway has billed, to the last digit. */
async function bookAndBill(steps: Step[], storeUrl?: string): Promise<void> {
  await using world = await MoneyWorld.start(storeUrl);
  for (const take of steps) await take(world);
  await world.stopServers();
  expect(await world.booked()).toEqual(world.billed());
}

const days = fc.array(step, { minLength: 5, maxLength: 25 });

describe('what is booked equals the gateway’s bill, over random days of two servers', () => {
  it('on one SQLite file', async () => {
    await fc.assert(
      fc.asyncProperty(days, (steps) => bookAndBill(steps)),
      { numRuns: 12, endOnFailure: true },
    );
  });

  it('with a prompt that is kept warm', () =>
    bookAndBill([
      (world) => world.chatByName(0, 'alice', 'hello'),
      (world) => world.advanceToRenewal(),
      (world) => world.chatByName(1, 'bob', 'hello'),
      (world) => world.advanceToRenewal(),
      (world) => world.advanceToRenewal(),
    ]));

  it('on one Redis', async () => {
    await using redis = await RedisServer.start();
    let database = 0;
    await fc.assert(
      fc.asyncProperty(days, (steps) => bookAndBill(steps, `${redis.url}/${database++}`)),
      { numRuns: 6, endOnFailure: true },
    );
  });
});
