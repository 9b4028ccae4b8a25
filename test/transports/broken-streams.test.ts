import { INTERNAL_ERROR_MESSAGE } from '../../src/errors.js';
import { beginStream, chunk } from '../support/chat-answers.js';
import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';

describe.each(TRANSPORTS)('a stream over %s', (_, connect) => {
  it('that fails unexpectedly ends with a masked error, logged under its requestId', async () => {
    let breakOff = () => undefined as unknown;
    await using gateway = await StandIn.start((response, { url }) => {
      if (url?.endsWith('/create')) return json(response, 200, CREATED);
      beginStream(response).write(chunk({ role: 'assistant', content: 'Hi ' }));
      breakOff = () => {
        const { clock } = server;
        server.clock = () => {
          server.clock = clock;
          throw new Error('the clock has stopped');
        };
        response.end();
      };
    });
    await using server = await TestServer.before(gateway);
    const input = { model: 'm', messages: [{ content: 'a-private-prompt' }], mode: 'SESSION' };
    const { data } = await server.query<{ createContext: { id: string } }>(CREATE, { input });
    const client = connect(server);
    const stream = client.open({ ...QUESTION, contextId: data.createContext.id });
    const { text, errors } = await collect(onFirst(stream, () => breakOff()));
    client.close();
    const [error] = errors;
    expect(text).toBe('Hi ');
    expect(error).toMatchObject({
      message: INTERNAL_ERROR_MESSAGE,
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    });
    const logged = server.log.map((line) => JSON.parse(line)).filter(({ err }) => err);
    expect(logged).toMatchObject([
      { requestId: error?.extensions.requestId, err: { message: 'the clock has stopped' } },
    ]);
    expect(server.log.join()).not.toContain('a-private-prompt');
  });
});

async function* onFirst<T>(results: AsyncIterable<T>, then: () => unknown): AsyncGenerator<T> {
  let isFirst = true;
  for await (const result of results) {
    if (isFirst) then();
    isFirst = false;
    yield result;
  }
}
