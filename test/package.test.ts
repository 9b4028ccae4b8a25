import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readDocument } from './docs/documents.js';
import { finished, firstLines } from './support/built-program.js';
import { InstalledPackage } from './support/installed-package.js';
import { TestServer } from './support/server.js';

const installed = new InstalledPackage();
const { project, env } = installed;
afterAll(() => installed[Symbol.dispose]());

const TSC = join(project, 'node_modules/typescript/bin/tsc');
const STRICT = [
  '--strict',
  '--exactOptionalPropertyTypes',
  '--noUncheckedIndexedAccess',
  '--target',
  'es2022',
];

/** Runs without a word where it is right; otherwise the test shows what it says. */
async function tsc(args: string[]): Promise<string> {
  const compile = promisify(execFile)(process.execPath, [TSC, ...STRICT, ...args], { cwd: project, env });
  return compile.then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
}

const write = (file: string, text: string) => writeFileSync(join(project, file), text);

/** One that is right, and one line that has to be wrong, or the types would be `any`. */
const CONSUMER = `
import { ContextsDocument, type ContextsQuery, type ErrorExtensions, type TypedDocumentString } from 'graphql-context-cache-client';
declare function run<TData, TVariables>(operation: TypedDocumentString<TData, TVariables>, variables: TVariables): TData;
export const rate: number | null | undefined = run(ContextsDocument, { first: 20 }).contexts.edges[0]?.node.totals.cacheHitRate;
export const isGone = ({ code }: ErrorExtensions) => code === 'CONTEXT_NOT_FOUND';
export type Edge = ContextsQuery['contexts']['edges'][number];
// @ts-expect-error
run(ContextsDocument, { first: 'many' });
// @ts-expect-error
export const isMisspelt = ({ code }: ErrorExtensions) => code === 'CONTEXT_GONE';
`;

const OWN = `
import { type OwnQuery, OwnDocument } from './src/graphql/graphql.js';
export const ids = ({ contexts }: OwnQuery): string[] => contexts.edges.map(({ node }) => node.id);
export const text: string = OwnDocument.toString();
`;

const npx = (args: string[], more: Record<string, string> = {}) =>
  spawn('npx', ['--no-install', 'graphql-context-cache', ...args], {
    cwd: project,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });

describe('the program, in a project that installed the package', () => {
  it('prints its help through npx', async () => {
    const help = await finished(npx(['--help']));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(readFileSync('.env.example', 'utf8').trim());
  });

  it('serves the playground through npx, stores contexts below the project, and ends on a signal', async () => {
    const child = npx([], { PORT: '0' });
    const url =
      /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(await firstLines(child, /GraphQL: .*\n/))?.[0] ?? '';
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('mutation CreateContext');
    expect(readFileSync(join(project, 'data/contexts.db')).length).toBeGreaterThan(0);
    const left = once(child, 'exit');
    // To the whole group, as a terminal sends it.
    process.kill(-Number(child.pid), 'SIGTERM');
    await left;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});

describe('the typed client, in a project that installed the package', () => {
  beforeAll(() => {
    write('package.json', '{ "type": "module" }');
    write('consumer.ts', CONSUMER);
    cpSync('examples/recipes', join(project, 'recipes'), { recursive: true });
  });

  it('comes in a tarball with the files that are run or imported, and no other', () => {
    const wanted =
      /^(LICENSE|README(\.zh-CN)?\.md|package\.json|\.env\.example|(dist|schema|examples\/(prompts|web\/dist))\/.*)$/;
    expect(installed.files.filter((file) => !wanted.test(file))).toEqual([]);
    const kinds = installed.files.filter((file) => file.startsWith('dist/') && !file.endsWith('.js'));
    const types = ['errors', 'index', 'operations'].map((name) => `dist/client/${name}.d.ts`);
    expect(kinds).toEqual(['dist/LICENSES.txt', ...types]);
  });

  it('needs no other package, and comes with the schema and the trusted documents', () => {
    const script = `
      import * as client from 'graphql-context-cache-client';
      const path = (name) => import.meta.resolve('graphql-context-cache/' + name);
      console.log(JSON.stringify({
        texts: Object.values(client).filter((value) => typeof value === 'object').map(String),
        schema: path('schema.graphql'),
        trusted: path('trusted-documents.json'),
      }));`;
    const said = JSON.parse(installed.run('node', ['--input-type=module', '-e', script], project));
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(said.texts).toHaveLength(12);
    expect(JSON.parse(readFileSync(new URL(said.trusted), 'utf8'))).toEqual(
      Object.fromEntries(said.texts.map((text: string) => [hashOf(text), text])),
    );
    expect(readFileSync(new URL(said.schema))).toEqual(readFileSync('schema/schema.graphql'));
  });

  it('type-checks in projects of frontends and of servers, and the recipe of a script runs', async () => {
    const browser = [
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      '--lib',
      'es2022,dom,dom.iterable',
    ];
    const forBrowsers = ['fetch', 'urql', 'apollo-client', 'relay'].map((name) => `recipes/${name}.ts`);
    const node = ['--module', 'nodenext', '--types', 'node', '--lib', 'es2023', '--skipLibCheck'];
    const said = await Promise.all([
      tsc([...browser, '--types', '', '--noEmit', '--skipLibCheck', ...forBrowsers]),
      tsc([...browser, '--types', '', '--noEmit', 'consumer.ts']),
      tsc([...node, '--outDir', 'out', 'consumer.ts', 'recipes/node-script.ts']),
    ]);
    expect(said.join('')).toBe('');

    await using server = await TestServer.start();
    const run = (args: string[]) =>
      promisify(execFile)(process.execPath, ['out/recipes/node-script.js', server.url, ...args], {
        cwd: project,
        env,
      });
    const { stdout, stderr } = await run(['Where is my parcel?', 'May I send it back?']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /> Where is my parcel\?\n.+\n\([1-9]\d* of \d+ prompt tokens from the cache\)\n> May I/s,
    );
    const { data } = await server.query<{ cacheReport: object }>(
      '{ cacheReport { contexts totals { chats } } }',
    );
    expect(data.cacheReport).toEqual({ contexts: 1, totals: { chats: 2 } });
  });

  it('lets codegen type a frontend’s own operations, and list them as trusted documents', async () => {
    const config = readDocument('docs/recipes.md').blocks.find(({ language }) => language === 'yaml');
    write('codegen.yml', config?.text ?? '');
    mkdirSync(join(project, 'src'));
    write('src/own.graphql', 'query Own { contexts(first: 1) { edges { node { id expiresAt } } } }');
    installed.run(
      'node',
      ['node_modules/@graphql-codegen/cli/cjs/bin.js', '--config', 'codegen.yml'],
      project,
    );
    const TRUSTED_DOCUMENTS = join(project, 'src/graphql/persisted-documents.json');
    const [[hash, text] = []] = Object.entries(JSON.parse(readFileSync(TRUSTED_DOCUMENTS, 'utf8')));
    await using server = await TestServer.start({ TRUSTED_DOCUMENTS });
    for (const body of [{ query: text }, { documentId: `sha256:${hash}` }]) {
      const { data } = await server.post(JSON.stringify(body));
      expect(data).toEqual({ contexts: { edges: [] } });
    }
    write('own.ts', OWN);
    const node = ['--module', 'nodenext', '--types', 'node', '--lib', 'es2023', '--skipLibCheck', '--noEmit'];
    expect(await tsc([...node, 'own.ts'])).toBe('');
  });
});
