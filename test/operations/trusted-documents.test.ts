import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { TestServer } from '../support/server.js';
import { type Ask, WAYS } from '../support/ways-in.js';

const TEXT = 'query Models($no: Boolean = false) { models { id ownedBy @include(if: $no) } }';
const STREAM =
  'subscription { chatStream(input: { contextId: "x", messages: [{ content: "y" }] }) { __typename } }';
const OTHER = 'query Models { models { id } }';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

const folder = mkdtempSync(join(tmpdir(), 'trusted-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const refused = (message: RegExp) => [
  {
    message: expect.stringMatching(message),
    extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }),
  },
];

describe.each(WAYS)('TRUSTED_DOCUMENTS over %s', (way, ask) => {
  let server: TestServer;
  beforeAll(async () => {
    // As older and newer versions of codegen write them.
    const map = { [`sha256:${hashOf(TEXT)}`]: TEXT, [hashOf(STREAM)]: STREAM };
    server = await TestServer.start({ TRUSTED_DOCUMENTS: write('documents.json', map) });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([
    ['documentId', { documentId: `sha256:${hashOf(TEXT)}` }],
    [
      'the hash that Apollo’s clients send',
      { extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(TEXT) } } },
    ],
    ['its very text', { query: TEXT }],
    [
      'text and hash',
      { query: TEXT, extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(TEXT) } } },
    ],
  ])('runs a document named by %s, with its variables', async (_how, sent) => {
    const { data, errors } = await ask(server, { ...sent, operationName: 'Models', variables: { no: true } });
    expect(errors).toEqual([]);
    expect(data.models).toContainEqual({ id: 'Doubao-pro-32k', ownedBy: expect.anything() });
  });

  it.each([
    ['another text', { query: OTHER }],
    ['the text of one with a space more', { query: `${TEXT} ` }],
    ['a trusted hash with another text', { query: OTHER, documentId: `sha256:${hashOf(TEXT)}` }],
    ['the hash of another text', { documentId: `sha256:${hashOf(OTHER)}` }],
    ['a name out of the prototype', { extensions: { persistedQuery: { sha256Hash: 'constructor' } } }],
    ['introspection', { query: getIntrospectionQuery() }],
    ['what is not GraphQL', { query: '{ a-private-prompt' }],
  ])('refuses %s, and says what to send', async (_what, sent) => {
    const { data, errors } = await ask(server, sent);
    expect(data).toBeUndefined();
    expect(errors).toMatchObject(refused(/trusted document.*codegen.*TRUSTED_DOCUMENTS.*playground/));
    expect(JSON.stringify(errors)).not.toContain('private');
  });

  it('refuses an id that is none', async () => {
    for (const documentId of [
      '',
      'sha1:00',
      `sha256:${hashOf(TEXT).toUpperCase()}`,
      7,
      {},
      [],
      { toString: 'no function' },
      '__proto__',
    ]) {
      const { errors } = await ask(server, { documentId });
      expect({ documentId, errors }).toMatchObject({ documentId, errors: refused(/64 hexadecimal digits/) });
    }
  });

  it('refuses a hash that is no text', async () => {
    for (const sha256Hash of [7, [hashOf(TEXT)], { toString: 'no function' }]) {
      const { errors } = await ask(server, { extensions: { persistedQuery: { sha256Hash } } });
      expect({ sha256Hash, errors }).toMatchObject({
        sha256Hash,
        errors: refused(/sha256Hash` must be a string/),
      });
    }
  });

  it('is not asked for where nothing is named', async () => {
    expect((await ask(server, {})).errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('runs a trusted stream where streams go', async () => {
    const { errors } = await ask(server, { documentId: `sha256:${hashOf(STREAM)}` });
    expect(errors[0]?.extensions.code).toBe(way === 'HTTP' ? 'BAD_USER_INPUT' : 'CONTEXT_NOT_FOUND');
  });
});

describe('a named document', () => {
  const named = { documentId: `sha256:${hashOf(TEXT)}` };

  it.each(WAYS)('is refused over %s where there is no TRUSTED_DOCUMENTS', async (_way, ask: Ask) => {
    await using server = await TestServer.start();
    expect((await ask(server, named)).errors).toMatchObject(refused(/TRUSTED_DOCUMENTS is not set.*`query`/));
  });

  it('can be asked for by GET, with a header that no simple request of a page has', async () => {
    await using server = await TestServer.start({
      TRUSTED_DOCUMENTS: write('get.json', { [hashOf(TEXT)]: TEXT }),
    });
    const get = async (parameters: Record<string, string>) =>
      (
        await fetch(`${server.url}?${new URLSearchParams(parameters)}`, {
          headers: { 'apollo-require-preflight': '1' },
        })
      ).json();
    expect(await get({ ...named, variables: '{"no":true}' })).toHaveProperty('data.models');
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hashOf(TEXT) } });
    expect(await get({ extensions })).toHaveProperty('data.models');
    expect(await get({ query: OTHER })).toMatchObject({ errors: refused(/trusted documents only/) });
    expect(await get({ documentId: `sha256:${hashOf(OTHER)}` })).toMatchObject({
      errors: refused(/of this hash/),
    });
    expect(await get({ extensions: '{' })).toMatchObject({ errors: refused(/JSON/) });
  });
});

describe('a file of trusted documents that is not one', () => {
  it.each([
    ['is not there', join(folder, 'nowhere.json'), /ENOENT/],
    ['is a folder', folder, /EISDIR/],
    ['is not JSON', write('text.json', 'query'), /not JSON/],
    ['is a list', write('list.json', [TEXT]), /one JSON object/],
    ['is empty', write('empty.json', {}), /no document/],
    ['has another hash', write('hash.json', { [hashOf(OTHER)]: TEXT }), /SHA-256/],
    ['has no text', write('number.json', { [hashOf(TEXT)]: 1 }), /SHA-256/],
  ])('%s: the server does not start, and names the variable', async (_what, path, message) => {
    const starting = TestServer.start({ TRUSTED_DOCUMENTS: path });
    await expect(starting).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(message),
    });
    await expect(starting).rejects.toThrow('TRUSTED_DOCUMENTS');
  });
});
