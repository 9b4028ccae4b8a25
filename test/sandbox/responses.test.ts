import OpenAI from 'openai';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { NOON } from '../support/server.js';

const MODEL = 'doubao-seed-1-6-251015';
const LONG = 'word '.repeat(300);
const DAY = 86_400;

/** With the vendor-neutral client that Ark's documents name. */
class World implements AsyncDisposable {
  time = NOON;
  private constructor(
    readonly sandbox: Sandbox,
    readonly client: OpenAI,
  ) {}

  static async start(): Promise<World> {
    const holder: { world?: World } = {};
    const sandbox = await startSandbox({ now: () => holder.world?.time ?? NOON, chunkMs: 0 });
    const client = new OpenAI({ baseURL: sandbox.url, apiKey: sandbox.apiKey, maxRetries: 0 });
    holder.world = new World(sandbox, client);
    return holder.world;
  }

  /** Fields that OpenAI has not are Ark's. */
  create(body: object): Promise<OpenAI.Responses.Response & { expire_at: number }> {
    return this.client.responses.create({ model: MODEL, ...body } as never) as never;
  }

  prefix(change: object = {}) {
    return this.create({ input: LONG, caching: { type: 'enabled', prefix: true }, store: true, ...change });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.close();
  }
}

const refusal = (code: string, param?: string) =>
  expect.objectContaining({ status: 400, code, ...(param && { param }) });

describe('the sandbox’s Responses API', () => {
  it('makes a prefix without an answer, which any number of responses read', async () => {
    await using world = await World.start();
    const prefix = await world.prefix();
    expect(prefix).toMatchObject({
      ...{ object: 'response', status: 'completed', output: [] },
      usage: { output_tokens: 0, input_tokens_details: { cached_tokens: 0 } },
      expire_at: NOON / 1_000 + 3 * DAY,
    });
    for (const input of ['hello', [{ role: 'user', content: [{ type: 'input_text', text: 'hello' }] }]]) {
      const answer = await world.create({ input, previous_response_id: prefix.id, store: false });
      expect(answer.output_text).toContain('You said: "hello"');
      expect(answer.usage?.input_tokens_details.cached_tokens).toBe(prefix.usage?.input_tokens);
    }
    expect(world.sandbox.kept).toBe(1);
  });

  it('writes turns into a chain, from any link of which others can go on', async () => {
    await using world = await World.start();
    const prefix = await world.prefix();
    const turn = (previous: string, input: string) =>
      world.create({ input, previous_response_id: previous, caching: { type: 'enabled' } });
    const first = await turn(prefix.id, 'one');
    const second = await turn(first.id, 'two');
    const cached = first.usage?.total_tokens;
    expect(second.usage?.input_tokens_details.cached_tokens).toBe(cached);
    const branch = await turn(first.id, 'another two');
    expect(branch.usage?.input_tokens_details.cached_tokens).toBe(cached);
    const uncached = await world.create({ input: 'x', previous_response_id: second.id });
    await expect(turn(uncached.id, 'y')).rejects.toEqual(refusal('InvalidParameter', 'caching'));
  });

  it('streams the events of a response in order, with the usage at the end', async () => {
    await using world = await World.start();
    const { id } = await world.prefix();
    const stream = await world.client.responses.create({
      model: MODEL,
      input: 'hello',
      previous_response_id: id,
      stream: true,
    });
    const types: string[] = [];
    let text = '';
    let last: OpenAI.Responses.ResponseStreamEvent | undefined;
    for await (const event of stream) {
      expect(event.sequence_number).toBe(types.length);
      types.push(event.type);
      if (event.type === 'response.output_text.delta') text += event.delta;
      last = event;
    }
    expect([...new Set(types)]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(text).toContain('You said: "hello"');
    expect(last).toMatchObject({
      response: { status: 'completed', usage: { output_tokens: expect.any(Number) } },
    });
  });

  it('ends at a fixed time, whether it is used or not', async () => {
    await using world = await World.start();
    const { id, expire_at: end } = await world.prefix({ expire_at: NOON / 1_000 + 3_600 });
    world.time = end * 1_000 - 1;
    await world.create({ input: 'hello', previous_response_id: id });
    world.time = end * 1_000;
    await expect(world.create({ input: 'hello', previous_response_id: id })).rejects.toEqual(
      refusal('InvalidParameter.PreviousResponseNotFound', 'previous_response_id'),
    );
  });

  it('is told and deleted by id', async () => {
    await using world = await World.start();
    const { id } = await world.prefix();
    const turn = await world.create({ input: 'x', previous_response_id: id, caching: { type: 'enabled' } });
    expect(await world.client.responses.retrieve(turn.id)).toMatchObject({ previous_response_id: id });
    await world.client.responses.delete(turn.id);
    await expect(world.client.responses.retrieve(turn.id)).rejects.toMatchObject({ status: 404 });
    await expect(world.client.responses.delete(turn.id)).rejects.toMatchObject({ status: 404 });
  });

  it.each([
    ['a prefix of fewer than 256 tokens', { input: 'word '.repeat(200) }, 'input'],
    ['a streamed prefix', { stream: true }, 'stream'],
    ['a prefix that is not stored', { store: false }, 'store'],
    ['instructions with caching', { instructions: 'be kind' }, 'instructions'],
    ['an end beyond seven days', { expire_at: NOON / 1_000 + 8 * DAY }, 'expire_at'],
    ['stop', { stop: ['x'] }, 'stop'],
    ['an unknown role', { input: [{ role: 'robot', content: 'x' }] }, 'input[0].role'],
    ['a model of Google’s', { model: 'gemini-2.5-flash' }, 'model'],
  ])('refuses %s', async (_, change, param) => {
    await using world = await World.start();
    await expect(world.prefix(change)).rejects.toEqual(refusal('InvalidParameter', param));
  });

  it('refuses a second turn while one of the chain runs', async () => {
    await using world = await World.start();
    const { id } = await world.prefix();
    world.sandbox.faults = { stallAfterEvents: 1 };
    const turn = { input: 'x', previous_response_id: id, caching: { type: 'enabled' } };
    const running = (await world.create({ ...turn, stream: true })) as unknown as AsyncIterable<unknown> & {
      controller: AbortController;
    };
    await running[Symbol.asyncIterator]().next();
    await expect(world.create(turn)).rejects.toMatchObject({
      status: 403,
      code: 'OperationDenied.InvalidState',
    });
    running.controller.abort();
  });
});
