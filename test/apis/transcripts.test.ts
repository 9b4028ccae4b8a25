import fc from 'fast-check';
import { API_CASES, type ApiCase, ApiWorld } from '../support/apis.js';
import { collect, TRANSPORTS } from '../support/streams.js';
import '../support/seed.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

type Step =
  | { do: 'ask' | 'stream' | 'stop'; text: string }
  | { do: 'lose' | 'expire' | 'restart' }
  | { do: 'wait'; minutes: number };

const text = fc.constantFrom('hello', 'what is the weather like', '你好，今天天气怎么样？');
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('ask' as const, 'stream' as const), text }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), text }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'restart' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.nat(300) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'expire' as const }) },
  ),
  { minLength: 1, maxLength: 12 },
);

/** Takes the steps on one context; returns all that a frontend saw of its conversation. */
async function transcriptOf(api: ApiCase, mode: string, taken: Step[]): Promise<unknown[]> {
  await using world = await ApiWorld.start(api);
  const { id } = await world.create({ mode, ttl: 604_800 });
  const transcript: unknown[] = [];
  for (const step of taken) {
    if (step.do === 'ask') transcript.push(await ask(world, id, step.text));
    else if (step.do === 'stream') transcript.push(await stream(world, id, step.text));
    else if (step.do === 'stop') await stop(world, id, step.text);
    else if (step.do === 'lose') world.sandbox.lose();
    else if (step.do === 'restart') await world.restart();
    else world.time += step.do === 'wait' ? step.minutes * MINUTE_MS : 8 * DAY_MS;
  }
  return transcript;
}

async function ask(world: ApiWorld, contextId: string, content: string): Promise<unknown> {
  const { data, errors } = await world.ask({ contextId, messages: [{ role: 'USER', content }] });
  return errors[0]?.extensions.code ?? [data.chat.choices, data.chat.usage];
}

async function stream(world: ApiWorld, contextId: string, content: string): Promise<unknown> {
  const [, connect] = TRANSPORTS[0] ?? [];
  const client = connect?.(world.server);
  const seen = await collect(client?.open({ contextId, messages: [{ role: 'USER', content }] }) as never);
  client?.close();
  return seen.errors[0]?.extensions.code ?? [seen.text, seen.last?.usage];
}

/** Leaves at the first event of an answer that would never end. */
async function stop(world: ApiWorld, contextId: string, content: string): Promise<void> {
  const [, connect] = TRANSPORTS[0] ?? [];
  const client = connect?.(world.server);
  world.sandbox.faults = { stallAfterEvents: 6 };
  const events = client?.open({ contextId, messages: [{ role: 'USER', content }] });
  await events?.next();
  await events?.return?.();
  client?.close();
  world.sandbox.faults = {};
}

describe('whatever happens to a conversation, a frontend sees the same on every API', () => {
  it.each([
    ['SESSION', API_CASES.filter(({ hasSessions }) => hasSessions)],
    ['COMMON_PREFIX', API_CASES],
  ])(
    'with a %s',
    async (mode, apis) => {
      await fc.assert(
        fc.asyncProperty(steps, async (taken) => {
          const [first, ...others] = await Promise.all(apis.map((api) => transcriptOf(api, mode, taken)));
          for (const other of others) expect(other).toEqual(first);
        }),
        { numRuns: 6, endOnFailure: true },
      );
    },
    60_000,
  );
});
