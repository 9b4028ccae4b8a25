import { readFileSync } from 'node:fs';
import { buildSchema, getVariableValues, type OperationDefinitionNode, parse, validate } from 'graphql';
import { readExampleOperations } from '../../src/pages/example-operations.js';
import { TestServer } from '../support/server.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml' };

describe('the playground', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('loads nothing from other hosts, and has a tab for every example operation', async () => {
    const response = await fetch(server.url, { headers: BROWSER });
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
    const positions = readExampleOperations().map(({ query }) => page.indexOf(JSON.stringify(query)));
    expect(positions.every((position) => position > 0)).toBe(true);
    expect([...positions].sort((a, b) => a - b)).toEqual(positions);
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
