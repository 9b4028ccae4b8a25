import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type AnsweredError, TestServer } from '../../support/server.js';
import { CHAT_STREAM, QUESTION } from '../../support/streams.js';

const URQL =
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';
const GRAPHQL = 'application/graphql-response+json';
const HAS_PREFLIGHT = { 'apollo-require-preflight': 'true' };
const QUERY = '{ __typename }';

interface Sent {
  method?: string;
  search?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ MAX_BODY_BYTES: '2048', CORS_ORIGINS: 'https://app.example' });
});
afterAll(() => server[Symbol.asyncDispose]());

async function send({ method = 'POST', search = '', headers = {}, body }: Sent) {
  const sent = request(`${server.url}${search}`, { method, headers });
  sent.end(body);
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

function ask(query: string, accept: string | string[] | undefined, more: Sent = {}) {
  const headers = {
    'content-type': 'application/json',
    ...(accept !== undefined && { accept }),
    ...more.headers,
  };
  return send({ body: JSON.stringify({ query, variables: { input: QUESTION } }), ...more, headers });
}

const errorOf = (body: string): AnsweredError =>
  JSON.parse(/^event: next\ndata: (.*)$/m.exec(body)?.[1] ?? body).errors[0];

describe('a query by POST', () => {
  it.each([
    ['application/json', undefined],
    ['application/json', '*/*'],
    ['application/json', 'application/json, text/event-stream;q=0'],
    ['application/json', 'text/event-stream;q=0.1, application/json'],
    ['application/json', ['text/event-stream;q=0.5', 'application/json']],
    [GRAPHQL, URQL],
    ['text/event-stream', 'text/event-stream'],
    ['text/event-stream', 'TEXT/EVENT-STREAM'],
    ['text/event-stream', ['application/json;q=0.5', 'text/event-stream']],
  ])('is answered as %s where the client sends %p', async (type, accept) => {
    const { status, headers, text } = await ask(QUERY, accept);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(`${type}; charset=utf-8`);
    expect(headers['cache-control']).toBe('no-store');
    expect(text).toContain('{"data":{"__typename":"Query"}}');
  });

  it('is refused where the client accepts nothing that is served, with what is served', async () => {
    const { status, text } = await ask(QUERY, 'text/html');
    expect(status).toBe(406);
    expect(errorOf(text).message).toMatch(/application\/json.*graphql-response\+json.*text\/event-stream/);
  });
});

describe('a subscription by POST', () => {
  it.each(['text/event-stream', URQL, 'application/json, text/event-stream;q=0.1'])(
    'is streamed where the client accepts a stream: %s',
    async (accept) => {
      const { headers, text } = await ask(CHAT_STREAM, accept);
      expect(headers['content-type']).toContain('text/event-stream');
      expect(errorOf(text).extensions.code).toBe('CONTEXT_NOT_FOUND');
      expect(text).toMatch(/event: complete\ndata:\n\n$/);
    },
  );

  it.each(['*/*', 'application/json', 'multipart/mixed;subscriptionSpec=1.0,application/json'])(
    'is told how to stream where the client does not: %s',
    async (accept) => {
      const { headers, text } = await ask(CHAT_STREAM, accept);
      expect(headers['content-type']).toContain('application/json');
      expect(errorOf(text).message).toMatch(/Accept: text\/event-stream.*WebSocket/);
    },
  );
});

describe('a GET', () => {
  const get = (parameters: Record<string, string>, headers: Record<string, string> = HAS_PREFLIGHT) =>
    send({ method: 'GET', search: `?${new URLSearchParams(parameters)}`, headers });
  const variables = JSON.stringify({ input: QUESTION });

  it('reads empty parameters as absent', async () => {
    const { status, text } = await get({ query: QUERY, variables: '', extensions: '', operationName: '' });
    expect({ status, text }).toEqual({ status: 200, text: '{"data":{"__typename":"Query"}}' });
  });

  it.each([
    ['apollo-require-preflight', '1'],
    ['x-apollo-operation-name', 'Any'],
    ['graphql-require-preflight', '1'],
    ['content-type', 'application/json'],
  ])('runs a query with the header %s', async (name, value) => {
    expect((await get({ query: QUERY }, { [name]: value })).status).toBe(200);
  });

  it('streams a subscription to a client that accepts a stream', async () => {
    const accept = { accept: 'text/event-stream' };
    const { status, text } = await get({ query: CHAT_STREAM, variables }, { ...HAS_PREFLIGHT, ...accept });
    expect(status).toBe(200);
    expect(errorOf(text).extensions.code).toBe('CONTEXT_NOT_FOUND');
    const refused = await get({ query: CHAT_STREAM, variables }, accept);
    expect(refused.status).toBe(400);
    expect(errorOf(refused.text).message).toMatch(/POST.*apollo-require-preflight/);
  });

  it.each(['application/json', 'text/event-stream'])('never runs a mutation, as %s', async (accept) => {
    const query = 'mutation { forgetContext(id: "x") }';
    const { status, headers } = await get({ query }, { ...HAS_PREFLIGHT, accept });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'POST' });
  });
});

const CASES: [string, number, Sent][] = [
  ['a method that is none of GraphQL', 405, { method: 'PUT', headers: HAS_PREFLIGHT }],
  ['OPTIONS that is no preflight', 405, { method: 'OPTIONS' }],
  ['a GET without a preflight', 400, { method: 'GET', search: '?query={__typename}' }],
  ['a GET without a query', 400, { method: 'GET', headers: HAS_PREFLIGHT }],
  ['a parameter sent twice', 400, { method: 'GET', search: '?query={a}&query={b}', headers: HAS_PREFLIGHT }],
  [
    'variables in a URL that are not JSON',
    400,
    { method: 'GET', search: '?query={__typename}&variables=x', headers: HAS_PREFLIGHT },
  ],
  [
    'a mutation by GET',
    405,
    { method: 'GET', search: '?query=mutation{forgetContext(id:"x")}', headers: HAS_PREFLIGHT },
  ],
  ['no body', 400, { body: '' }],
  ['a body that is not JSON', 400, { body: '{' }],
  ['a batch', 400, { body: '[]' }],
  ['no query', 400, { body: '{"query":""}' }],
  ['variables that are a list', 400, { body: '{"query":"{__typename}","variables":[]}' }],
  ['extensions that are a list', 400, { body: '{"query":"{__typename}","extensions":[]}' }],
  ['a body of another type', 415, { body: '{}', headers: { 'content-type': 'text/plain' } }],
  [
    'a body in another charset',
    415,
    { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
  ],
  ['a compressed body', 415, { body: '{}', headers: { 'content-encoding': 'gzip' } }],
  ['a body that is too large', 413, { body: ' '.repeat(3_000) }],
  ['an unknown expectation', 417, { body: '{}', headers: { expect: 'the best' } }],
  [
    'a preflight of an unknown origin',
    403,
    {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    },
  ],
];

describe.each(CASES)('%s', (_what, status, sent) => {
  it.each([
    ['application/json', 'application/json'],
    [GRAPHQL, `${GRAPHQL},application/json;q=0.9`],
    [GRAPHQL, URQL],
    ['application/json', 'text/event-stream'],
    ['application/json', '*/*'],
  ])('is refused as %s with code and requestId, and kept by nobody', async (type, accept) => {
    const isPost = (sent.method ?? 'POST') === 'POST';
    const contentType = isPost ? { 'content-type': 'application/json' } : {};
    const answer = await send({ ...sent, headers: { ...contentType, accept, ...sent.headers } });
    expect({ status: answer.status, text: answer.text }).toEqual({ status, text: expect.anything() });
    expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers.allow === undefined).toBe(status !== 405);
    const { extensions } = errorOf(answer.text);
    const requestId = answer.headers['x-request-id'];
    expect(extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false, requestId });
  });
});
