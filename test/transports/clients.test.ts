import {
  ApolloClient,
  gql as apolloGql,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { buildHTTPExecutor } from '@graphql-tools/executor-http';
import { Client, fetchExchange, gql } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { parse } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { TestServer } from '../support/server.js';
import { CHAT_STREAM, QUESTION } from '../support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const INPUT = { model: 'Doubao-1.5-pro-32k', messages: [{ content: 'hello' }], mode: 'SESSION' };
const MISFIT = { input: { ...INPUT, ttl: 1 } };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** `fetch`, and what was asked and answered with it. */
function watchedFetch() {
  const seen: { method: string; body: string; status: number }[] = [];
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    seen.push({ method: init?.method ?? 'GET', body: String(init?.body ?? input), status: response.status });
    return response;
  };
  return { seen, fetch: watched };
}

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(digest).toString('hex');
};

describe('Apollo Client', () => {
  const connect = (link: HttpLink | ReturnType<PersistedQueryLink['concat']>) =>
    new ApolloClient({
      cache: new InMemoryCache(),
      link,
      clientAwareness: { name: 'web', version: '1.0' },
    });

  it.each([false, true])('reads data and codes, with GET: %p', async (useGETForQueries) => {
    const client = connect(new HttpLink({ uri: server.url, useGETForQueries }));
    const { data } = await client.query({ query: apolloGql('{ models { id } }') });
    expect(data).toHaveProperty('models');
    const refused = client.query({ query: apolloGql('{ nothing }') });
    await expect(refused).rejects.toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    const misfit = client.mutate({ mutation: apolloGql(CREATE), variables: MISFIT });
    await expect(misfit).rejects.toBeInstanceOf(CombinedGraphQLErrors);
    await expect(misfit).rejects.toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it.each([false, true])(
    'with persisted queries falls back to texts for good, with GET: %p',
    async (useGET) => {
      const { seen, fetch } = watchedFetch();
      const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: useGET });
      const client = connect(persisted.concat(new HttpLink({ uri: server.url, fetch })));
      for (const query of ['{ models { id } }', '{ models { ownedBy } }']) {
        expect((await client.query({ query: apolloGql(query) })).data).toHaveProperty('models');
      }
      expect(seen.map(({ body }) => /query=|"query":/.test(body))).toEqual([false, true, true]);
    },
  );
});

describe('urql', () => {
  const connect = (more: Partial<ConstructorParameters<typeof Client>[0]> = {}) =>
    new Client({ url: server.url, exchanges: [fetchExchange], preferGetMethod: false, ...more });

  it('reads data and codes, and leaves no rejection behind', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const client = connect();
      for (let round = 0; round < 5; round++) {
        const { data, error } = await client.query(gql(`{ a${round}: __typename }`), {});
        expect({ data, error }).toEqual({ data: { [`a${round}`]: 'Query' }, error: undefined });
      }
      const refused = await client.mutation(gql(CREATE), MISFIT);
      expect(refused.error?.graphQLErrors[0]?.extensions.code).toBe('BAD_USER_INPUT');
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });

  it('streams a subscription over fetch', async () => {
    const created = await connect().mutation(gql(CREATE), { input: INPUT });
    const input = { ...QUESTION, contextId: created.data.createContext.id };
    const client = connect({ fetchSubscriptions: true });
    const kinds = await new Promise<string[]>((resolve, reject) => {
      const seen: string[] = [];
      client.subscription(gql(CHAT_STREAM), { input }).subscribe(({ data, error, hasNext }) => {
        if (error) reject(error);
        if (data) seen.push(data.chatStream.__typename);
        if (data?.chatStream.__typename === 'ChatDone' || hasNext === false) resolve(seen);
      });
    });
    expect(kinds).toContain('ChatDelta');
    expect(kinds.at(-1)).toBe('ChatDone');
  });

  it.each([false, true])(
    'with persisted queries falls back to texts for good, with GET: %p',
    async (useGET) => {
      const { seen, fetch } = watchedFetch();
      const exchanges = [persistedExchange({ preferGetForPersistedQueries: useGET }), fetchExchange];
      const fetchOptions = { headers: { 'apollo-require-preflight': 'true' } };
      const client = connect({ exchanges, fetch, fetchOptions });
      for (const query of ['{ models { id } }', '{ models { ownedBy } }']) {
        const { data, error } = await client.query(gql(query), {});
        expect(error).toBeUndefined();
        expect(data).toHaveProperty('models');
      }
      expect(seen.map(({ body }) => /[?&]query=|"query":/.test(body))).toEqual([false, true, true]);
    },
  );
});

describe('the executor of GraphQL Mesh and Hive Gateway', () => {
  const headers = { 'apollo-require-preflight': 'true' };

  it('reads data and codes', async () => {
    const execute = buildHTTPExecutor({ endpoint: server.url });
    expect(await execute({ document: parse('{ __typename }') })).toEqual({ data: { __typename: 'Query' } });
    const refused = await execute({ document: parse(CREATE), variables: MISFIT });
    expect(refused).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it.each([
    ['by GET, as it does by default', { headers }],
    ['by POST', { method: 'POST' as const }],
  ])('streams a subscription %s', async (_how, options) => {
    const execute = buildHTTPExecutor({ endpoint: server.url, ...options });
    const { data } = await server.query<{ createContext: { id: string } }>(CREATE, { input: INPUT });
    const input = { ...QUESTION, contextId: data.createContext.id };
    const results = await execute({ document: parse(CHAT_STREAM), variables: { input } });
    const { text, kinds } = await readAll(results as AsyncIterable<unknown>);
    expect(text).not.toBe('');
    expect(kinds.at(-1)).toBe('ChatDone');
  });

  it('is told what is missing where it sends no preflight header', async () => {
    const execute = buildHTTPExecutor({ endpoint: server.url });
    const answer = await execute({ document: parse(CHAT_STREAM), variables: { input: QUESTION } });
    expect(JSON.stringify(answer)).toMatch(/POST.*apollo-require-preflight/);
  });
});

async function readAll(results: AsyncIterable<unknown>) {
  const kinds: string[] = [];
  let text = '';
  for await (const result of results) {
    // biome-ignore lint/suspicious/noExplicitAny: what the executor gives has no type
    const event = (result as any).data.chatStream;
    kinds.push(event.__typename);
    text += event.content ?? '';
  }
  return { text, kinds };
}

describe('graphql-sse', () => {
  it('reads queries, and refusals with their codes', async () => {
    const client = createSseClient({ url: server.url, retryAttempts: 0 });
    const first = async (query: string) => {
      for await (const result of client.iterate({ query })) return result;
      return undefined;
    };
    expect(await first('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect(await first('{ nothing }')).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } }],
    });
    client.dispose();
  });
});
