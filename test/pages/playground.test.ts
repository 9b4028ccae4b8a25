import { readFileSync } from 'node:fs';
import { buildSchema, getVariableValues, type OperationDefinitionNode, parse, validate } from 'graphql';
import { readExampleOperations } from '../../src/pages/example-operations.js';
import { TestServer } from '../support/server.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml' };

const filesOf = (page: string) => [...page.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, file = '']) => file);

describe('the playground', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('has no script of its own, loads its files from where it is itself, and has a tab for every example operation', async () => {
    const response = await fetch(server.url, { headers: BROWSER });
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; worker-src 'self';/,
    );
    expect(page).not.toMatch(/<script(?! src)/);
    const files = filesOf(page);
    expect(files.map((file) => file.replace(/-[\w-]{10}\./, '-HASH.'))).toEqual([
      '?asset=favicon-HASH.ico',
      '?asset=graphiql-HASH.css',
      '?asset=graphiql-HASH.js',
      '?asset=start-HASH.js',
    ]);
    const script = await (await fetch(server.url + files.at(-1))).text();
    const positions = readExampleOperations().map(({ query }) => script.indexOf(JSON.stringify(query)));
    expect(positions.every((position) => position > 0)).toBe(true);
    expect([...positions].sort((a, b) => a - b)).toEqual(positions);
  });

  it('sends files that a browser keeps and does not take for anything else', async () => {
    const page = await (await fetch(server.url, { headers: BROWSER })).text();
    expect(page.length).toBeLessThan(2_000);
    const types = [
      'image/x-icon',
      'text/css; charset=utf-8',
      ...Array(2).fill('text/javascript; charset=utf-8'),
    ];
    for (const [index, file] of filesOf(page).entries()) {
      const response = await fetch(server.url + file);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': types[index],
        'cache-control': 'public, max-age=31536000, immutable',
        'content-encoding': 'gzip',
        'x-content-type-options': 'nosniff',
      });
      const plain = await fetch(server.url + file, { headers: { 'accept-encoding': 'identity' } });
      expect(plain.headers.get('content-encoding')).toBeNull();
      expect(await plain.text()).toBe(await response.text());
    }
  });

  it('has no file of another version', async () => {
    const response = await fetch(`${server.url}?asset=graphiql-0123456789.js`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(response.headers.get('content-type')).toContain('json');
  });

  it('has example operations that are valid, with valid variables', () => {
    const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
    for (const { query, variables } of readExampleOperations()) {
      const document = parse(query);
      const [{ variableDefinitions = [] }] = document.definitions as [OperationDefinitionNode];
      const { errors } = getVariableValues(schema, variableDefinitions, JSON.parse(variables));
      expect([...validate(schema, document), ...(errors ?? [])]).toEqual([]);
    }
  });

  it('is answered with 304 to a browser that has it', async () => {
    const etag = (await fetch(server.url, { headers: BROWSER })).headers.get('etag') ?? '';
    const again = await fetch(server.url, { headers: { ...BROWSER, 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  it('is sent uncompressed to a client that does not accept gzip', async () => {
    const response = await fetch(server.url, { headers: { ...BROWSER, 'accept-encoding': 'identity' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect((await response.text()).trimEnd()).toMatch(/<\/html>$/);
  });

  it('is not served with PLAYGROUND=off', async () => {
    await using closed = await TestServer.start({ PLAYGROUND: 'off' });
    const response = await fetch(closed.url, { headers: BROWSER });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('json');
  });
});
