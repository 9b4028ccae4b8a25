import { CreateContextDocument } from 'graphql-context-cache-client';
import { SERVER_KEY, TestServer } from '../support/server.js';
import { StandIn } from '../support/stand-in.js';

const INPUT = { input: { model: 'm', messages: [{ content: 'a' }] } };

describe('AUTH_MODE=none', () => {
  it('calls the gateway with the server’s key, whatever the caller sends', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway, { AUTH_MODE: 'none' });
    await server.run(CreateContextDocument, INPUT, { authorization: 'Bearer sk-of-the-caller' });
    expect(gateway.seen.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${SERVER_KEY}`]);
  });
});

describe('AUTH_MODE=passthrough', () => {
  it('calls the gateway with the caller’s own key, even where the server was given one', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway, { AUTH_MODE: 'passthrough' });
    await server.run(CreateContextDocument, INPUT, { authorization: 'Bearer sk-of-the-caller' });
    expect(gateway.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-of-the-caller']);
  });

  it.each([undefined, '', 'Bearer', 'Bearer two words', 'Basic abc', 'sk-1', 'Bearer ключ'])(
    'refuses %p without a call',
    async (authorization) => {
      await using gateway = await StandIn.start();
      await using server = await TestServer.start({ GATEWAY_URL: gateway.url });
      const headers =
        authorization === undefined
          ? {}
          : { authorization: encodeURI(authorization).replaceAll('%20', ' ').replace(/%.*/, '\u00e9') };
      const { errors } = await server.run(CreateContextDocument, INPUT, headers);
      expect(errors).toMatchObject([
        {
          path: ['createContext'],
          extensions: { code: 'UNAUTHENTICATED', retryable: false, requestId: expect.any(String) },
        },
      ]);
      expect(gateway.seen).toEqual([]);
    },
  );

  it('lets the schema be read without a credential, for the playground', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.start({ GATEWAY_URL: gateway.url });
    const { data, errors } = await server.query('{ __schema { queryType { name } } }');
    expect(errors).toEqual([]);
    expect(data).toEqual({ __schema: { queryType: { name: 'Query' } } });
  });
});
