import { type Answer, API_CASES, ApiWorld, PERSONA } from '../support/apis.js';
import { eventually } from '../support/eventually.js';
import { RUN_TRANSPORTS } from '../support/runs.js';
import type { TestServer } from '../support/server.js';
import { collect, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const HOUR_MS = 3_600_000;
const HELLO = [{ role: 'USER', content: 'hello' }];
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const LIST = '{ contexts { edges { node { id expiry } } } }';

describe.each(API_CASES)('the API $name', (api) => {
  const PREFIX = { mode: 'COMMON_PREFIX' };

  it('is described with its models', async () => {
    await using world = await ApiWorld.start(api);
    const modes = api.hasSessions ? ['SESSION', 'COMMON_PREFIX'] : ['COMMON_PREFIX'];
    const { expiry, deletable } = api;
    expect(await world.capabilities()).toMatchObject({ modes, expiry, deletable });
  });

  it('keeps a prefix that chats do not change, whole and streamed', async () => {
    await using world = await ApiWorld.start(api);
    const { id, mode, expiry, usage } = await world.create(PREFIX);
    expect({ mode, expiry }).toEqual({ mode: 'COMMON_PREFIX', expiry: api.expiry });
    expect(usage.promptTokens).toBeGreaterThanOrEqual(1_100);
    for (const content of ['hello', 'hello']) {
      const answer = await world.chat(id, content);
      expect(answer.choices).toEqual([
        { message: { content: expect.stringContaining('You said: "hello"') }, finishReason: 'STOP' },
      ]);
      expect(answer.usage.promptTokensDetails.cachedTokens).toBe(usage.promptTokens);
      expect(answer.cache).toEqual({ status: 'USED' });
    }
    for (const [, connect] of TRANSPORTS) {
      const client = connect(world.server);
      const { text, last } = await collect(client.open({ contextId: id, messages: HELLO }));
      client.close();
      expect(text).toContain('You said: "hello"');
      expect(last).toMatchObject({
        __typename: 'ChatDone',
        usage: { promptTokensDetails: { cachedTokens: usage.promptTokens } },
        context: { id },
      });
    }
  });

  it('moves the expiry with a chat, or keeps it, as it says', async () => {
    await using world = await ApiWorld.start(api);
    const { id, expiresAt } = await world.create({ ...PREFIX, ttl: 7_200 });
    expect(Date.parse(expiresAt)).toBe(world.time + 2 * HOUR_MS);
    world.time += HOUR_MS;
    const { context } = await world.chat(id, 'hello');
    const moved = api.expiry === 'SLIDING' ? HOUR_MS : 0;
    expect(Date.parse(context?.expiresAt ?? '')).toBe(Date.parse(expiresAt) + moved);
    world.time = Date.parse(expiresAt);
    const { errors } = await world.ask({ contextId: id, messages: HELLO });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(
      api.expiry === 'SLIDING' ? [] : ['CONTEXT_NOT_FOUND'],
    );
  });

  it('takes a ttl within the bounds that it says, and refuses another by its field and model', async () => {
    await using world = await ApiWorld.start(api);
    const { minTtl, maxTtl } = await world.capabilities();
    const longest = maxTtl ?? 5_000_000;
    for (const ttl of [minTtl ?? 1, longest]) expect((await world.create({ ...PREFIX, ttl })).ttl).toBe(ttl);
    for (const ttl of [(minTtl ?? 1) - 1, ...(maxTtl === null ? [] : [maxTtl + 1])]) {
      const { code, fields } = await world.refusedCreation({ ...PREFIX, ttl });
      const message = expect.stringMatching(ttl === 0 ? /^must be/ : RegExp(`^must be.* ${api.model}$`));
      expect({ code, fields }).toEqual({
        ...{ code: 'BAD_USER_INPUT', fields: [{ path: ['input', 'ttl'], message }] },
      });
    }
  });

  it('takes the modes that it says, and refuses another by its field and model', async () => {
    await using world = await ApiWorld.start(api);
    const { modes } = await world.capabilities();
    for (const mode of modes) expect((await world.create({ mode })).mode).toBe(mode);
    expect((await world.create()).mode).toBe(modes[0]);
    if (api.hasSessions) return;
    const message = `must be COMMON_PREFIX with the model ${api.model}`;
    expect((await world.refusedCreation({ mode: 'SESSION' })).fields).toEqual([
      { path: ['input', 'mode'], message },
    ]);
    const truncationStrategy = { type: 'ROLLING_TOKENS' };
    expect((await world.refusedCreation({ truncationStrategy })).fields).toEqual([
      { path: ['input', 'truncationStrategy'], message: 'may only be used with mode SESSION' },
    ]);
  });

  it('cuts an answer at maxTokens', async () => {
    await using world = await ApiWorld.start(api);
    const { id } = await world.create(PREFIX);
    const answer = await world.chat(id, 'hello', { maxTokens: 2, temperature: 0.5, topP: 0.9 });
    expect(answer.choices[0]?.finishReason).toBe('LENGTH');
    expect(answer.usage.completionTokens).toBeLessThan(5);
  });

  it('belongs to its creator alone, is listed, shared by reuse, and forgotten', async () => {
    await using world = await ApiWorld.start(api, { ...JWT, REUSE_SCOPE: 'everyone' });
    const [alice, bob, mallory] = [bearer('alice'), bearer('bob'), bearer('mallory')];
    const wanted = { ...PREFIX, reuse: true };
    const { id } = await world.create(wanted, world.server, alice);
    expect(await world.create(wanted, world.server, bob)).toMatchObject({ id, reused: true });
    const { errors } = await world.ask({ contextId: id, messages: HELLO }, world.server, mallory);
    expect(errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
    const listed = await world.server.query(LIST, {}, bob);
    expect(listed.data).toEqual({ contexts: { edges: [{ node: { id, expiry: api.expiry } }] } });
    const forget = async (headers: Record<string, string>) =>
      (await world.server.query<{ forgetContext: boolean }>(FORGET, { id }, headers)).data.forgetContext;
    expect(await forget(mallory)).toBe(false);
    expect(await forget(alice)).toBe(true);
    expect((await world.ask({ contextId: id, messages: HELLO }, world.server, bob)).errors).toEqual([]);
    expect(world.sandbox.kept).toBe(1);
    expect(await forget(bob)).toBe(true);
    if (api.deletable) await eventually(() => world.sandbox.kept === 0);
    else expect(world.sandbox.kept).toBe(1);
  });

  it('gets a lost prefix back from its messages, once for all chats', async () => {
    await using world = await ApiWorld.start(api);
    const { id } = await world.create(PREFIX);
    world.sandbox.lose();
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.chat(id, 'hello')));
    expect(new Set(answers.map(({ context }) => context?.id))).toEqual(new Set([id]));
    expect(answers.some(({ cache }) => cache.status === 'RECREATED')).toBe(true);
    expect(world.sandbox.kept).toBe(1);
    expect(await world.chat(id, 'hello')).toMatchObject({ cache: { status: 'USED' } });
  });

  it('does nothing twice for an idempotency key', async () => {
    await using world = await ApiWorld.start(api);
    const created = await Promise.all(
      Array.from({ length: 3 }, () => world.create({ ...PREFIX, idempotencyKey: 'one' })),
    );
    expect(new Set(created.map(({ id }) => id)).size).toBe(1);
    const id = created[0]?.id ?? '';
    const first = await world.chat(id, 'hello', { idempotencyKey: 'two' });
    expect(await world.chat(id, 'hello', { idempotencyKey: 'two' })).toEqual(first);
    expect(first.context?.totals.chats).toBe(1);
  });

  it('serves prompts by name, which are created once, again when lost, and kept warm', async () => {
    await using world = await ApiWorld.start(api, { KEEP_WARM_TOKENS_PER_DAY: '100000' });
    const ask = async () => {
      const { data, errors } = await world.ask({ prompt: 'support', messages: HELLO });
      expect(errors).toEqual([]);
      return data.chat.cache.status;
    };
    expect([await ask(), await ask()]).toEqual(['CREATED', 'USED']);
    world.sandbox.lose();
    expect([await ask(), await ask()]).toEqual(['RECREATED', 'USED']);
    const query = '{ prompt(name: "support") { cache { expiresAt } } }';
    const expiry = async () => {
      const { data } = await world.server.query<{ prompt: { cache: { expiresAt: string } } }>(query);
      return Date.parse(data.prompt.cache.expiresAt);
    };
    const before = await expiry();
    world.time = before - 120_000;
    await eventually(async () => (await expiry()) > before);
    world.time = before + 60_000;
    expect(await ask()).toBe('USED');
  });

  it('runs answers that outlive their connections', async () => {
    await using world = await ApiWorld.start(api);
    const { id } = await world.create(PREFIX);
    for (const [, connect] of RUN_TRANSPORTS) {
      const client = connect(world.server);
      const begun = client.start({ contextId: id, messages: HELLO });
      const { value: started } = await begun.next();
      await begun.return?.();
      const rest: string[] = [];
      let last: unknown;
      for await (const event of client.resume(String(started?.runId))) {
        rest.push(String(event.content ?? ''));
        last = event.__typename;
      }
      client.close();
      expect(rest.join('')).toContain('You said: "hello"');
      expect(last).toBe('ChatDone');
    }
  });

  it('refuses what is too short to be cached, by its field', async () => {
    await using world = await ApiWorld.start(api);
    const { minPromptTokens } = await world.capabilities();
    const short = { ...PREFIX, messages: [{ content: PERSONA.slice(0, 50) }] };
    if (minPromptTokens === null) await world.create(short);
    else
      expect(await world.refusedCreation(short)).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [
          { path: ['input', 'messages'], message: expect.stringContaining(`at least ${minPromptTokens}`) },
        ],
      });
  });
});

describe.each(API_CASES.filter(({ hasSessions }) => hasSessions))('the API $name keeps sessions', (api) => {
  it('that remember every answered chat in order, however many ask at once at two servers', async () => {
    await using world = await ApiWorld.start(api, {}, 2);
    const { id, mode, usage } = await world.create({});
    expect(mode).toBe('SESSION');
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        world.chat(id, `question ${index}`, {}, world.servers[index % 2]),
      ),
    );
    const prompts = answers
      .map((answer) => answer.usage)
      .sort((one, other) => one.promptTokens - other.promptTokens);
    let history = usage.promptTokens;
    for (const { promptTokens, completionTokens, promptTokensDetails } of prompts) {
      expect(promptTokensDetails.cachedTokens).toBe(history);
      history = promptTokens + completionTokens;
    }
    const last = await world.chat(id, 'the last one');
    expect(last.usage.promptTokensDetails.cachedTokens).toBe(history);
    expect(last.context?.totals.chats).toBe(7);
  });

  it('that remember every streamed chat, however many stream at once at two servers', async () => {
    await using world = await ApiWorld.start(api, {}, 2);
    const { id, usage } = await world.create({});
    const ends = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const [, connect] = TRANSPORTS[index % TRANSPORTS.length] ?? [];
        const client = connect?.(world.servers[index % 2] as TestServer);
        const messages = [{ role: 'USER', content: `question ${index}` }];
        const { last, errors } = await collect(client?.open({ contextId: id, messages }) as never);
        client?.close();
        expect(errors).toEqual([]);
        return last as unknown as Pick<Answer, 'usage'>;
      }),
    );
    let history = usage.promptTokens;
    const inOrder = ends.map((end) => end.usage).sort((one, other) => one.promptTokens - other.promptTokens);
    for (const { promptTokens, completionTokens, promptTokensDetails } of inOrder) {
      expect(promptTokensDetails.cachedTokens).toBe(history);
      history = promptTokens + completionTokens;
    }
  });

  it('that go on after a restart of the server, and forget an answer that was stopped', async () => {
    await using world = await ApiWorld.start(api);
    const { id } = await world.create({});
    const first = await world.chat(id, 'hello');
    await world.restart();
    const history = first.usage.promptTokens + first.usage.completionTokens;
    world.sandbox.faults = { stallAfterEvents: 6 };
    const [, connect] = TRANSPORTS[0] ?? [];
    const client = connect?.(world.server);
    const events = client?.open({ contextId: id, messages: HELLO });
    await events?.next();
    await events?.return?.();
    client?.close();
    world.sandbox.faults = {};
    const next = await world.chat(id, 'hello again');
    expect(next.usage.promptTokensDetails.cachedTokens).toBe(history);
  });

  it('that are gone once they are lost', async () => {
    await using world = await ApiWorld.start(api);
    const { id } = await world.create({});
    world.sandbox.lose();
    const { errors } = await world.ask({ contextId: id, messages: HELLO });
    expect(errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
  });

  it('that are forgotten with all their answers, where they can be deleted', async () => {
    await using world = await ApiWorld.start(api);
    const { id } = await world.create({});
    for (const content of ['one', 'two', 'three']) await world.chat(id, content);
    const kept = world.sandbox.kept;
    await world.server.query(FORGET, { id });
    if (api.deletable) await eventually(() => world.sandbox.kept === 0);
    else expect(world.sandbox.kept).toBe(kept);
  });
});
