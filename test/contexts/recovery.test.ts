import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { describeThroughEachApi } from '../support/apis.js';
import { beginStream, CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id context { id totals { chats } } } }';
const FIND = 'query ($id: ID!) { context(id: $id) { id } }';
const LOST = { error: { code: 'ContextNotFound', message: 'no such context' } };
const MESSAGES = [{ role: 'SYSTEM', content: 'persona 您好' }, { content: 'no role' }, { role: 'USER' }];
const ASK = { input: { ...QUESTION, contextId: 'ctx-1' } };

/** A gateway that can lose its contexts. */
class ForgetfulGateway {
  readonly creates: unknown[] = [];
  readonly asked: string[] = [];
  private live = new Set<string>();
  standIn!: StandIn;

  static async start(mode: string): Promise<ForgetfulGateway> {
    const gateway = new ForgetfulGateway();
    gateway.standIn = await StandIn.start((response, _, { path, body }) => {
      const sent = JSON.parse(body);
      if (path === '/v1/context/create') {
        const id = `ctx-${gateway.creates.push(sent)}`;
        gateway.live.add(id);
        return json(response, 200, { ...CREATED, id, mode, ttl: 7_200 });
      }
      gateway.asked.push(sent.context_id);
      if (!gateway.live.has(sent.context_id)) return json(response, 404, LOST);
      if (sent.stream) beginStream(response).end(STREAM);
      else json(response, 200, CHAT_ANSWER);
    });
    return gateway;
  }

  forgetAll(): void {
    this.live.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.standIn[Symbol.asyncDispose]();
  }
}

async function created(gateway: ForgetfulGateway, mode: string, env = {}, headers = {}): Promise<TestServer> {
  const server = await TestServer.before(gateway.standIn, env);
  const input = { model: QUESTION.model, messages: MESSAGES, mode, ttl: 7_200 };
  expect((await server.query(CREATE, { input }, headers)).errors).toEqual([]);
  return server;
}

describeThroughEachApi('recovery', (api) => {
  describe('a prefix that the gateway has lost', () => {
    it('is recreated from its messages under the same public id, and the chat continues', async () => {
      await using gateway = await ForgetfulGateway.start('common_prefix');
      await using server = await created(gateway, 'COMMON_PREFIX');
      gateway.forgetAll();
      const { data, errors } = await server.query(CHAT, ASK);
      expect({ data, errors }).toEqual({
        data: { chat: { id: 'chatcmpl-1', context: { id: 'ctx-1', totals: { chats: 1 } } } },
        errors: [],
      });
      expect(gateway.creates[1]).toEqual(gateway.creates[0]);
      await server.query(CHAT, ASK);
      expect(gateway.asked).toEqual(['ctx-1', 'ctx-2', 'ctx-2']);
      expect((await server.query(FIND, { id: 'ctx-2' })).errors[0]?.extensions.code).toBe(
        'CONTEXT_NOT_FOUND',
      );
    });

    it.each(TRANSPORTS)('is created again for a stream over %s', async (_, connect) => {
      await using gateway = await ForgetfulGateway.start('common_prefix');
      await using server = await created(gateway, 'COMMON_PREFIX');
      gateway.forgetAll();
      const client = connect(server);
      const { text, last } = await collect(client.open(ASK.input));
      expect({ text, last }).toMatchObject({ text: 'Hi 您好😀', last: { __typename: 'ChatDone' } });
      client.close();
    });

    it('is recreated once for all who wait', async () => {
      await using gateway = await ForgetfulGateway.start('common_prefix');
      await using server = await created(gateway, 'COMMON_PREFIX');
      gateway.forgetAll();
      const all = await Promise.all(Array.from({ length: 10 }, () => server.query(CHAT, ASK)));
      expect(all.flatMap(({ errors }) => errors)).toEqual([]);
      expect(gateway.creates).toHaveLength(2);
    });

    it('is lost if its messages are not stored', async () => {
      await using gateway = await ForgetfulGateway.start('common_prefix');
      await using server = await created(gateway, 'COMMON_PREFIX', { STORE_MESSAGES: 'false' });
      gateway.forgetAll();
      expect((await server.query(CHAT, ASK)).errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
      expect((await server.query(FIND, { id: 'ctx-1' })).errors[0]?.extensions.code).toBe(
        'CONTEXT_NOT_FOUND',
      );
      expect(gateway.creates).toHaveLength(1);
    });

    it('reports why it could not be recreated', async () => {
      await using gateway = await ForgetfulGateway.start('common_prefix');
      await using server = await created(gateway, 'COMMON_PREFIX');
      const { answer } = gateway.standIn;
      gateway.standIn.answer = (response, request, seen) =>
        seen.path === '/v1/context/create' ? json(response, 429, {}) : answer(response, request, seen);
      gateway.forgetAll();
      expect((await server.query(CHAT, ASK)).errors[0]?.extensions.code).toBe('RATE_LIMITED');
      gateway.standIn.answer = answer;
      expect((await server.query(CHAT, ASK)).errors).toEqual([]);
    });

    it('belongs only to its owners after it was recreated', async () => {
      await using gateway = await ForgetfulGateway.start('common_prefix');
      await using server = await created(gateway, 'COMMON_PREFIX', JWT, bearer('alice'));
      gateway.forgetAll();
      const stranger = await server.query(CHAT, ASK, bearer('mallory'));
      expect(stranger.errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
      expect(gateway.asked).toEqual([]);
      expect((await server.query(CHAT, ASK, bearer('alice'))).errors).toEqual([]);
    });
  });

  if (api.hasSessions)
    it('reports a lost session and deletes it', async () => {
      await using gateway = await ForgetfulGateway.start('session');
      await using server = await created(gateway, 'SESSION');
      gateway.forgetAll();
      expect((await server.query(CHAT, ASK)).errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
      expect((await server.query(FIND, { id: 'ctx-1' })).errors[0]?.extensions.code).toBe(
        'CONTEXT_NOT_FOUND',
      );
      await server.query(CHAT, ASK);
      expect(gateway.asked).toEqual(['ctx-1']);
      expect(gateway.creates).toHaveLength(1);
    });

  describe('the stored messages', () => {
    const folder = mkdtempSync(join(tmpdir(), 'messages-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const persona = { role: 'SYSTEM', content: 'a persona of many words, '.repeat(400) };
    const keptIn = (file: string) => {
      const db = new Database(file);
      const sizes = db
        .prepare("SELECT LENGTH(value) AS size FROM kept_values WHERE key LIKE 'messages:%'")
        .all();
      db.close();
      return (sizes as { size: number }[]).map(({ size }) => size);
    };
    const writeAll = async (file: string, env: object = {}) => {
      await using gateway = await StandIn.start((response, _, { body }) =>
        json(response, 200, { ...CREATED, id: `ctx-${gateway.seen.length}`, mode: JSON.parse(body).mode }),
      );
      await using server = await TestServer.before(gateway, { STORE_URL: `sqlite:${file}`, ...JWT, ...env });
      const modes = ['COMMON_PREFIX', 'COMMON_PREFIX', ...(api.hasSessions ? ['SESSION'] : [])];
      for (const mode of modes) {
        for (const headers of [bearer('alice'), bearer('bob')]) {
          const session = { ...persona, content: 'said in a session' };
          const messages = [mode === 'SESSION' ? session : persona];
          const { errors } = await server.query(CREATE, { input: { model: 'm', messages, mode } }, headers);
          expect(errors).toEqual([]);
        }
      }
    };

    it('belong to prefixes only, once for equal content, compressed', async () => {
      const file = join(folder, 'kept.db');
      await writeAll(file);
      expect(keptIn(file)).toEqual([expect.any(Number)]);
      expect(keptIn(file)[0]).toBeLessThan(persona.content.length / 20);
      const bytes = Buffer.concat(
        ['', '-wal']
          .map((end) => file + end)
          .filter(existsSync)
          .map((path) => readFileSync(path)),
      );
      expect(bytes.includes('said in a session')).toBe(false);
    });

    it('are not stored if disabled', async () => {
      const file = join(folder, 'none.db');
      await writeAll(file, { STORE_MESSAGES: 'false' });
      expect(keptIn(file)).toEqual([]);
    });
  });
});
