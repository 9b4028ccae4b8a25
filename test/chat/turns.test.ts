import { setImmediate as nextRound } from 'node:timers/promises';
import { Turns } from '../../src/chat/turns.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { SERVER_KEY, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';

const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const still = new AbortController().signal;

describe('turns', () => {
  it('come one at a time and in order of arrival', async () => {
    const turns = new Turns(60_000);
    const order: number[] = [];
    const takers = [1, 2, 3].map(async (number) => {
      const end = await turns.take('a', still);
      order.push(number);
      await nextRound();
      order.push(-number);
      end();
    });
    await Promise.all(takers);
    expect(order).toEqual([1, -1, 2, -2, 3, -3]);
  });

  it('of different keys do not wait for each other', async () => {
    const turns = new Turns(60_000);
    await turns.take('a', still);
    await turns.take('b', still);
  });

  it('pass over whoever has left the queue', async () => {
    const turns = new Turns(60_000);
    const end = await turns.take('a', still);
    const caller = new AbortController();
    const left = turns.take('a', caller.signal);
    const next = turns.take('a', still);
    caller.abort();
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    end();
    await next;
  });

  it('are refused to who has left already', async () => {
    const turns = new Turns(60_000);
    const end = await turns.take('a', still);
    await expect(turns.take('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    end();
    await turns.take('a', still);
  });

  it('end once only, however often they are ended', async () => {
    const turns = new Turns(60_000);
    const end = await turns.take('a', still);
    const second = turns.take('a', still);
    end();
    end();
    await second;
    const third = turns.take('a', still).then(() => 'began');
    await nextRound();
    expect(await Promise.race([third, nextRound('waits')])).toBe('waits');
  });

  it('are not waited for without end, nor by too many', async () => {
    const impatient = new Turns(10);
    await impatient.take('a', still);
    await expect(impatient.take('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const crowded = new Turns(60_000);
    const caller = new AbortController();
    const waiting = Array.from({ length: 33 }, () => crowded.take('a', caller.signal));
    await expect(crowded.take('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    caller.abort();
    await Promise.allSettled(waiting);
  });
});

describe('chats at the same time', () => {
  /** How many of three chats the gateway had at once; it answers when `enough` are there, or no more come. */
  async function race(mode: string, contextId: string, known: boolean, enough: number) {
    const waiting: (() => void)[] = [];
    let most = 0;
    await using gateway = await StandIn.start((response, _, { path, body }) => {
      if (path === '/v1/context/create') return json(response, 200, { ...CREATED, id: contextId, mode });
      const { content } = JSON.parse(body).messages[0];
      waiting.push(() => json(response, 200, { ...CHAT_ANSWER, id: content }));
      most = Math.max(most, waiting.length);
      const answerAll = () => {
        for (const answer of waiting.splice(0)) answer();
      };
      if (waiting.length === enough) setTimeout(answerAll, 20);
    });
    await using server = await TestServer.before(gateway);
    if (known) {
      await server.query(CREATE, {
        input: { model: 'm', messages: [{ content: 'a' }], mode: mode.toUpperCase() },
      });
    }
    const asked = ['1', '2', '3'].map((content) =>
      server.query<{ chat: { id: string } }>(CHAT, {
        input: { ...QUESTION, contextId, messages: [{ content }] },
      }),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ data }) => data.chat.id)).toEqual(['1', '2', '3']);
    return most;
  }

  it('run one after the other on a session', async () => {
    expect(await race('session', 'ctx-s', true, 1)).toBe(1);
  });

  it('run one after the other on a context that is not known here, for it may be a session', async () => {
    expect(await race('session', 'ctx-u', false, 1)).toBe(1);
  });

  it('run side by side on a prefix', async () => {
    expect(await race('common_prefix', 'ctx-p', true, 3)).toBe(3);
  });

  it('go on after one that failed', async () => {
    let calls = 0;
    await using gateway = await StandIn.start((response) =>
      calls++ === 0 ? json(response, 500, {}) : json(response, 200, CHAT_ANSWER),
    );
    await using server = await TestServer.before(gateway, { GATEWAY_API_KEY: SERVER_KEY });
    const first = await server.query(CHAT, { input: QUESTION });
    expect(first.errors[0]?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
    expect((await server.query(CHAT, { input: QUESTION })).errors).toEqual([]);
  });
});
