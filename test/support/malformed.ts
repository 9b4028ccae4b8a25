/** Made-up requests, each out of its own number: what fails once fails again. */

export type Random = (below: number) => number;

/** Mulberry32: small, and good enough to choose mistakes by. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export interface HttpRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

const INPUT = { model: 'Doubao-pro-32k', messages: [{ role: 'USER', content: 'hello' }], ttl: 3600 };
const OPERATIONS: object[] = [
  { query: '{ models { id ownedBy } }' },
  {
    query:
      'query Page($first: Int!, $after: String) { contexts(first: $first, after: $after) { edges { cursor node { id totals { chats } } } } }',
    variables: { first: 3, after: null },
    operationName: 'Page',
  },
  {
    query: 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id mode } }',
    variables: { input: INPUT },
  },
  {
    query: '{ ...F } fragment F on Query { __schema { queryType { name fields { name } } } }',
    extensions: {},
  },
  {
    query:
      'subscription { chatStream(input: { contextId: "x", messages: [{ content: "y" }] }) { __typename } }',
  },
  { query: 'mutation { forgetContext(id: "ctx-1") }', documentId: `sha256:${'0'.repeat(64)}` },
];

const VALUES = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 31,
  '',
  '\0',
  '\ud800',
  '__proto__',
  [],
  {},
  [[]],
  'x'.repeat(9_000),
  [{}, null],
];
const NAMES = [
  'query',
  'variables',
  'operationName',
  'extensions',
  'documentId',
  '__proto__',
  'constructor',
  'x',
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'application/json;;',
  'text/plain',
  'multipart/form-data; boundary=',
  '*/*',
  '',
];
const ACCEPTS = [
  '*/*',
  'application/json',
  'text/event-stream',
  'application/graphql-response+json',
  'text/html;q=x',
  ',',
  '',
];
const METHODS = ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];
const PATHS = [
  '/graphql',
  '/graphql/',
  '/graphql?',
  '/graphql?query=%',
  '/graphql?query={models{id}}&query=x',
  '/graphql?extensions={',
  '/graphql?documentId=1',
  '/',
  '//',
  '/healthz?x',
  '/%00',
  '/..%2f..%2fetc/passwd',
  '/__proto__',
];
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  ',',
  ':',
  '$',
  '@include(if: $x)',
  '...F',
  '#',
  '\u0000',
  '\u{1F600}',
  '\ufeff',
  '"""',
  '-',
  '1e999',
];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T;
}

/** A few cuts, doublings and strange pieces. */
function mangle(text: string, random: Random): string {
  let mangled = text;
  for (let left = 1 + random(3); left > 0; left--) {
    const at = random(mangled.length + 1);
    const to = Math.min(mangled.length, at + random(12));
    const piece = pick(random, [
      pick(random, PIECES),
      mangled.slice(at, to),
      '',
      mangled.slice(at, to).repeat(30),
    ]);
    mangled = mangled.slice(0, at) + piece + mangled.slice(to);
  }
  return mangled;
}

function mistakenBody(random: Random): Buffer {
  const operation = structuredClone(pick(random, OPERATIONS)) as Record<string, unknown>;
  const mistake = random(6);
  if (mistake === 0) operation[pick(random, NAMES)] = pick(random, VALUES);
  if (mistake === 1) operation.query = mangle(String(operation.query), random);
  if (mistake === 2) operation.variables = { first: pick(random, VALUES), input: pick(random, VALUES) };
  if (mistake === 3)
    operation.variables = { input: { ...INPUT, [pick(random, Object.keys(INPUT))]: pick(random, VALUES) } };
  const json = JSON.stringify(random(40) === 0 ? [operation, operation] : operation);
  if (mistake !== 4) return Buffer.from(json);
  const bytes = Buffer.from(mangle(json, random));
  if (bytes.length > 0 && random(3) === 0) bytes[random(bytes.length)] = random(256);
  return bytes;
}

/** Sound as HTTP. */
export function mistakenRequest(random: Random): HttpRequest {
  const isOther = random(6) === 0;
  const method = isOther ? pick(random, METHODS) : 'POST';
  const headers: Record<string, string> = {
    'content-type': random(5) === 0 ? pick(random, TYPES) : 'application/json',
    accept: pick(random, ACCEPTS),
  };
  if (random(9) === 0) headers.origin = pick(random, ['null', 'https://app.example', 'x', '']);
  if (random(9) === 0) headers.authorization = pick(random, ['Bearer', 'Bearer x', 'Basic \u00ff', ' ']);
  if (random(20) === 0) headers['content-encoding'] = pick(random, ['gzip', 'identity', 'x']);
  if (method === 'OPTIONS' && random(2) === 0) {
    Object.assign(headers, {
      origin: pick(random, ['https://app.example', 'null']),
      'access-control-request-method': 'POST',
    });
  }
  if (random(30) === 0) headers.expect = 'nothing';
  const body =
    method === 'GET' || method === 'HEAD' || method === 'TRACE' ? Buffer.alloc(0) : mistakenBody(random);
  return { method, path: isOther || random(12) === 0 ? pick(random, PATHS) : '/graphql', headers, body };
}

const HEADS = [
  'GET / HTTP/9.9\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n',
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
  `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  `GET / HTTP/1.1\r\nhost: localhost\r\n${'x: y\r\n'.repeat(3_000)}\r\n`,
  'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\xff\xff\xff\xff',
  'GET /x HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
  'CONNECT x:1 HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET http://[ HTTP/1.1\r\nhost: localhost\r\n\r\n',
];

/** Bytes that may not even be HTTP. */
export function mistakenBytes(random: Random): Buffer {
  if (random(4) === 0) return Buffer.from(mangle(pick(random, HEADS), random), 'latin1');
  const { method, path, headers, body } = mistakenRequest(random);
  const lines = Object.entries({ host: 'localhost', ...headers, 'content-length': String(body.length) });
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const bytes = Buffer.concat([Buffer.from(random(2) === 0 ? mangle(head, random) : head, 'latin1'), body]);
  const flips = random(3);
  for (let flip = 0; flip < flips && bytes.length > 0; flip++) bytes[random(bytes.length)] = random(256);
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}
