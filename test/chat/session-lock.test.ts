import { CHAT_ANSWER } from '../support/chat-answers.js';
import { serverHolding } from '../support/holding.js';
import { TestServer } from '../support/server.js';
import { json, StandIn } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';

const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';

describe('chats at the same time', () => {
  /** How many of three chats the gateway had at once; it answers when `enough` are there, or no more come. */
  async function race(
    mode: 'session' | 'common_prefix',
    contextId: string,
    known: boolean,
    enough: number,
    model = QUESTION.model,
  ) {
    const waiting: (() => void)[] = [];
    let most = 0;
    await using gateway = await StandIn.start((response, _, { body }) => {
      const { content } = JSON.parse(body).messages[0];
      waiting.push(() => json(response, 200, { ...CHAT_ANSWER, id: content }));
      most = Math.max(most, waiting.length);
      const answerAll = () => {
        for (const answer of waiting.splice(0)) answer();
      };
      if (waiting.length === enough) setTimeout(answerAll, 20);
    });
    await using server = await (known
      ? serverHolding(gateway, { ids: [contextId], mode })
      : TestServer.start({ GATEWAY_URL: gateway.url }));
    const asked = ['1', '2', '3'].map((content) =>
      server.query<{ chat: { id: string } }>(
        CHAT,
        {
          input: { ...QUESTION, model, contextId, messages: [{ content }] },
        },
        { authorization: 'Bearer sk-mine' },
      ),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ data }) => data.chat.id)).toEqual(['1', '2', '3']);
    return most;
  }

  it('run one after the other on a session', async () => {
    expect(await race('session', 'ctx-s', true, 1)).toBe(1);
  });

  it('run one after the other on a caller’s own context that is not known here, for it may be a session', async () => {
    expect(await race('session', 'ctx-u', false, 1)).toBe(1);
  });

  it('run one after the other on a session, whatever model they name', async () => {
    expect(await race('session', 'ctx-s', true, 1, 'gemini-2.5-pro')).toBe(1);
  });

  it('run one after the other on one that is not known here, whatever model they name', async () => {
    expect(await race('session', 'ctx-u', false, 1, 'gemini-2.5-pro')).toBe(1);
  });

  it('run side by side on one that is not known here where its id says that it is a prefix', async () => {
    const id = 'projects/1/locations/global/cachedContents/2';
    expect(await race('common_prefix', id, false, 3, 'gemini-2.5-pro')).toBe(3);
  });

  it('run side by side on a prefix', async () => {
    expect(await race('common_prefix', 'ctx-p', true, 3)).toBe(3);
  });

  it('go on after one that failed', async () => {
    let calls = 0;
    await using gateway = await StandIn.start((response) =>
      calls++ === 0 ? json(response, 500, {}) : json(response, 200, CHAT_ANSWER),
    );
    await using server = await serverHolding(gateway);
    const first = await server.query(CHAT, { input: QUESTION });
    expect(first.errors[0]?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
    expect((await server.query(CHAT, { input: QUESTION })).errors).toEqual([]);
  });

  it('are sent once on a session, and where its own model is asked, whatever model they name', async () => {
    await using gateway = await StandIn.start((response) => response.destroy());
    await using server = await serverHolding(gateway);
    const input = { ...QUESTION, model: 'gemini-2.5-pro' };
    const { errors } = await server.query(CHAT, { input });
    expect(errors[0]?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
    expect(gateway.seen.map(({ path }) => path)).toEqual(['/v1/context/chat/completions']);
  });

  it('on a Gemini context go where Gemini is asked, whatever model they name', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
    const held = { ids: ['cachedContents/1'], model: 'gemini-2.5-pro', mode: 'common_prefix' as const };
    await using server = await serverHolding(gateway, held);
    const input = { ...QUESTION, contextId: 'cachedContents/1' };
    expect((await server.query(CHAT, { input })).errors).toEqual([]);
    expect(gateway.seen.map(({ path }) => path)).toEqual(['/v1/chat/completions']);
  });
});
