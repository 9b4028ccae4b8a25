import fc from 'fast-check';
import { STREAM } from '../support/chat-answers.js';
import { GraphQLJs, type Seen } from '../support/graphql-js.js';
import { randomOperations, type SentOperation, type Values } from '../support/random-operations.js';
import { resultsOver } from '../support/results.js';
import { TestServer } from '../support/server.js';
import { type Answer, json, StandIn } from '../support/stand-in.js';

const OPERATIONS = Number(process.env.RANDOM_OPERATIONS ?? 180);
/** The first run is interpreted; whatever is made of an operation later must not change what it means. */
const RUNS = 4;

/** Answers by what it is asked alone, and counts its ids, so that two of them answer the same calls alike. */
function gateway(): Answer {
  let created = 0;
  return (response, { url }, { body }) => {
    if (url === '/v1/models') return json(response, 200, { data: [{ id: 'm' }, { id: 'gemini-2.5-flash' }] });
    const asked = JSON.parse(body);
    if (asked.model === 'fails')
      return json(response, 400, { error: { code: 'InvalidParameter', message: 'no' } });
    if (url === '/v1/context/create') {
      created += 1;
      return json(response, 200, {
        id: `ctx-${created}`,
        ttl: asked.ttl ?? 3600,
        mode: asked.mode ?? 'session',
      });
    }
    if (asked.stream)
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(STREAM);
    const usage = { prompt_tokens: 20, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } };
    const message = { role: 'assistant', content: 'fine' };
    json(response, 200, {
      id: 'c',
      created: 1_767_268_800,
      model: asked.model,
      choices: [{ message }],
      usage,
    });
  };
}

const orNull = <T>(value: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, value);
const CONTEXT_ID = fc.integer({ min: 1, max: 60 }).map((number) => `ctx-${number}`);
const MESSAGES = fc.array(
  fc.record({ role: fc.constantFrom('USER', 'SYSTEM'), content: fc.constantFrom('hello', '', '您好') }),
  { minLength: 0, maxLength: 2 },
);
const VALUES: Values = {
  id: CONTEXT_ID,
  contextId: CONTEXT_ID,
  prompt: orNull(fc.constantFrom('nothing', '')),
  name: fc.constantFrom('nothing', ''),
  runId: fc.constantFrom('nothing', ''),
  // The ids of runs are random.
  onDisconnect: orNull(fc.constant('CANCEL')),
  model: fc.constantFrom('m', 'm', 'm', 'gemini-2.5-flash', 'fails', ''),
  messages: MESSAGES,
  ttl: orNull(fc.constantFrom(3_600, 60)),
  truncationStrategy: orNull(fc.constant({ type: 'ROLLING_TOKENS', rollingTokens: true })),
  reuse: fc.boolean(),
  idempotencyKey: orNull(fc.constantFrom('one', 'two')),
  first: fc.integer({ min: 0, max: 4 }),
  promptTokens: fc.integer({ min: -1, max: 40_000 }),
  chatsPerHour: fc.constantFrom(-1, 0.5, 20),
  'after: Int': fc.integer({ min: 0, max: 4 }),
  after: orNull(fc.constantFrom('nowhere', '')),
  since: fc.constantFrom('2025-12-31T00:00:00Z', '2026-01-01T13:00:00.000Z'),
  temperature: orNull(fc.constantFrom(0, 0.5, 3)),
  topP: orNull(fc.constant(1)),
  n: orNull(fc.constant(1)),
  maxTokens: orNull(fc.constantFrom(10, 0)),
  stop: orNull(fc.constant(['end'])),
  presencePenalty: orNull(fc.constant(1)),
  frequencyPenalty: orNull(fc.constant(-1)),
  logitBias: orNull(fc.constant([{ token: '1', bias: 5 }])),
};

describe.each(Object.entries(resultsOver))('over %s', (_, open) => {
  it('an operation has the result of graphql-js, however often it is sent', async () => {
    await using own = await StandIn.start(gateway());
    await using other = await StandIn.start(gateway());
    await using server = await TestServer.before(own, {}, { compiledFromRun: 2 });
    await using reference = new GraphQLJs(other);
    await using transport = await open(server);
    let answered = 0;
    const sameAsReference = async (sent: SentOperation) => {
      for (let run = 1; run <= RUNS; run++) {
        const wanted = await reference.run(sent);
        const got = await transport.run(sent);
        if (wanted) answered += 1;
        expect({ run, results: comparable(got) }).toEqual({ run, results: comparable(wanted) });
        expect(paidCalls(own)).toEqual(paidCalls(other));
        own.seen.length = 0;
        other.seen.length = 0;
      }
    };
    const share = Math.ceil(OPERATIONS / Object.keys(resultsOver).length);
    await fc.assert(fc.asyncProperty(randomOperations(reference.schema, VALUES), sameAsReference), {
      numRuns: share,
      endOnFailure: true,
    });
    // A generator whose operations are refused would show nothing.
    expect(answered).toBeGreaterThan((share * RUNS) / 2);
  });
});

/** A failure at the root may be answered before the gateway sees a request for its models that runs beside it. */
function paidCalls({ seen }: StandIn): [string, string][] {
  return seen.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body]);
}

/** The data as it is written, the order of fields included; errors in no order, as fields that run side by side fail in any. */
function comparable(results: Seen[] | null) {
  if (!results) return 'refused';
  return results.map(({ data, errors }) => ({
    data: JSON.stringify(data),
    errors: errors.map((one) => JSON.stringify(one)).sort(),
  }));
}
