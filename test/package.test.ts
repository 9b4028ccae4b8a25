import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { readDocument } from './docs/documents.js';
import { finished, firstLines } from './support/built-program.js';
import { filesIn, Project, projectWithAllPackages, Tarballs } from './support/installed-package.js';
import { TestServer } from './support/server.js';

const INSTALL_MS = 120_000;
const CLIENT_MAX_BYTES = 6000;
/** It ends with its answers: nothing keeps the process. */
const SCRIPT_MS = 15_000;

const tarballs = new Tarballs();
afterAll(() => tarballs[Symbol.dispose]());

const STRICT = '--strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --target es2022'.split(' ');
const BUNDLER = '--module esnext --moduleResolution bundler --lib es2022,dom,dom.iterable'.split(' ');
const NODE = '--module nodenext --lib es2023'.split(' ');

/** Without a word where it is right; otherwise the test shows what it says. */
async function tsc({ folder }: Project, args: string[]): Promise<string> {
  const program = resolve('node_modules/typescript/bin/tsc');
  const compile = promisify(execFile)(process.execPath, [program, ...STRICT, ...args], { cwd: folder });
  return compile.then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
}

describe('the tarball of the server', () => {
  const files = filesIn(tarballs.server);

  it('holds what is run, and what its documents lead to', () => {
    const wanted = [
      /^(LICENSE|README(\.zh-CN)?\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|package\.json)$/,
      /^(\.env\.example|compose\.yaml)$/,
      /^dist\/(LICENSES\.txt|.*\.js)$/,
      /^(schema|docs|deploy|examples\/(prompts|recipes|web\/dist))\//,
      /^((client|examples\/web)\/README\.md|examples\/models\.yaml)$/,
    ];
    expect(files.filter((file) => !wanted.some((pattern) => pattern.test(file)))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['dist/main.js', 'examples/web/dist/index.html']));
  });

  it.each(['README.md', 'README.zh-CN.md'])('leaves no link of %s without its file', (path) => {
    const targets = readDocument(path)
      .links.filter((link) => !/^(#|[a-z]+:)/.test(link))
      .map((link) => join(dirname(path), link.replace(/#.*$/, '')));
    const isThere = (target: string) =>
      files.some((file) => file === target || file.startsWith(`${target}/`));
    expect(targets.length).toBeGreaterThan(10);
    expect(targets.filter((target) => !isThere(target))).toEqual([]);
  });
});

describe('the server, installed in an empty folder', () => {
  const project = new Project();
  afterAll(() => project[Symbol.dispose]());
  let warnings: string[] = [];
  beforeAll(() => {
    warnings = project.install(tarballs.server);
  }, INSTALL_MS);

  const npx = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    spawn('npx', ['--no-install', 'graphql-context-cache', ...args], {
      cwd: project.folder,
      env: { PATH: process.env.PATH, HOME: project.folder, npm_config_update_notifier: 'false', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });

  it('brings its database driver only, and npm warns of nothing', () => {
    expect(warnings).toEqual([]);
    const packages = readdirSync(project.modules).filter((name) => !name.startsWith('.'));
    expect(packages.sort()).toEqual([
      '@libsql',
      '@neon-rs',
      'detect-libc',
      'graphql-context-cache',
      'libsql',
    ]);
  });

  it('prints its help through npx', async () => {
    const help = await finished(npx(['--help']));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(readFileSync('.env.example', 'utf8').trim());
  });

  it('serves its pages and a chat through npx, stores contexts below the project, and ends on a signal', async () => {
    const child = npx([], { PORT: '0' });
    const url =
      /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(await firstLines(child, /GraphQL: .*\n/))?.[0] ?? '';
    const read = async (path: string) =>
      (await fetch(new URL(path, url), { headers: { accept: 'text/html' } })).text();
    const [, start] = /src="(\?asset=start[^"]+)"/.exec(await read('/graphql')) ?? [];
    expect(await read(`/graphql${start}`)).toContain('mutation CreateContext');
    expect(await read('/')).toContain('<div id="root">');
    const ask = async (query: string) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return (await response.json()).data;
    };
    const { createContext } = await ask(
      'mutation { createContext(input: { model: "Doubao-1.5-pro-32k", messages: [{ content: "Be short." }] }) { id } }',
    );
    const { chat } = await ask(
      `mutation { chat(input: { contextId: "${createContext.id}", messages: [{ content: "Hello" }] }) { choices { message { content } } } }`,
    );
    expect(chat.choices[0].message.content).toMatch(/\S/);
    expect(existsSync(join(project.folder, 'data/contexts.db'))).toBe(true);
    const left = once(child, 'exit');
    // To the whole group, as a terminal sends it.
    process.kill(-Number(child.pid), 'SIGTERM');
    await left;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});

/** One that is right, and one line that has to be wrong, or the types would be `any`. */
const CONSUMER = `
import {
  ContextCacheError,
  ContextsDocument,
  type ContextsQuery,
  createContextCacheClient,
  type ErrorExtensions,
} from 'graphql-context-cache-client';
const client = createContextCacheClient({ url: 'http://127.0.0.1:4000/graphql' });
const { contexts } = await client.request(ContextsDocument, { first: 20 });
export const rate: number | null | undefined = contexts.edges[0]?.node.totals.cacheHitRate;
export const isGone = (error: unknown) => error instanceof ContextCacheError && error.code === 'CONTEXT_NOT_FOUND';
export type Edge = ContextsQuery['contexts']['edges'][number];
// @ts-expect-error
await client.request(ContextsDocument, { first: 'many' });
// @ts-expect-error
export const isMisspelt = ({ code }: ErrorExtensions) => code === 'CONTEXT_GONE';
`;

const REACT_CONSUMER = `
import { createContextCacheClient } from 'graphql-context-cache-client';
import { useContextChat } from 'graphql-context-cache-client/react';
const client = createContextCacheClient({ url: '/graphql' });
export function useSupport(): string | undefined {
  const { messages, send } = useContextChat({ client, prompt: 'support-zh' });
  void send('Hello');
  // @ts-expect-error
  void send(1);
  return messages.at(-1)?.content;
}
`;

describe('the client, installed in an empty folder', () => {
  const project = new Project();
  afterAll(() => project[Symbol.dispose]());
  let warnings: string[] = [];
  beforeAll(() => {
    warnings = project.install(tarballs.client);
    project.write('consumer.ts', CONSUMER);
    project.write('react-consumer.ts', REACT_CONSUMER);
  }, INSTALL_MS);

  it('comes in a tarball with what is imported, and no other file', () => {
    const files = filesIn(tarballs.client);
    expect(
      files.filter((file) => !/^(LICENSE|README\.md|package\.json|dist\/.*\.(js|d\.ts))$/.test(file)),
    ).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/react/index.js']),
    );
  });

  it('brings one package of types and its peer, and npm warns of nothing', () => {
    expect(warnings).toEqual([]);
    const packages = readdirSync(project.modules).filter((name) => !name.startsWith('.'));
    expect(packages.sort()).toEqual([
      '@graphql-typed-document-node',
      'graphql',
      'graphql-context-cache-client',
    ]);
  });

  it('type-checks in projects of browsers and of Node, its declarations included', async () => {
    const check = (how: string[]) => tsc(project, [...how, '--types', '', '--noEmit', 'consumer.ts']);
    const said = await Promise.all([check(BUNDLER), check([...NODE, '--lib', 'es2023,dom'])]);
    expect(said.join('')).toBe('');
  });

  it('type-checks with React, its declarations included', async () => {
    project.link(['react', '@types/react']);
    const check = (how: string[]) => tsc(project, [...how, '--types', '', '--noEmit', 'react-consumer.ts']);
    const said = await Promise.all([check(BUNDLER), check([...NODE, '--lib', 'es2023,dom'])]);
    expect(said.join('')).toBe('');
  });

  it('runs in Node, and has each operation whose document a server trusts', () => {
    const script = `
      import * as client from 'graphql-context-cache-client';
      const documents = Object.values(client).filter((value) => value instanceof String);
      console.log(JSON.stringify(documents.map(String)));`;
    const texts: string[] = JSON.parse(project.run('node', ['--input-type=module', '-e', script]));
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
    const trusted = JSON.parse(readFileSync('schema/trusted-documents.json', 'utf8'));
    expect(Object.fromEntries(texts.map((text) => [hashOf(text), text]))).toEqual(trusted);
  });

  it(`is less than ${CLIENT_MAX_BYTES} bytes in a browser's bundle, compressed`, () => {
    project.write('all.js', "export * from 'graphql-context-cache-client';");
    project.run('node', [
      resolve('node_modules/rolldown/bin/cli.mjs'),
      'all.js',
      '--minify',
      '--dir',
      'bundle',
    ]);
    expect(readdirSync(join(project.folder, 'bundle'))).toEqual(['all.js']);
    const bundle = readFileSync(join(project.folder, 'bundle/all.js'));
    expect(String(bundle)).toContain('createContextCacheClient');
    expect(gzipSync(bundle).length).toBeLessThan(CLIENT_MAX_BYTES);
  });
});

const OWN = `
import { type OwnQuery, OwnDocument } from './src/graphql/graphql.js';
export const ids = ({ contexts }: OwnQuery): string[] => contexts.edges.map(({ node }) => node.id);
export const text: string = OwnDocument.toString();
`;

describe('a project with both packages', () => {
  const project = projectWithAllPackages(tarballs);
  afterAll(() => project[Symbol.dispose]());
  beforeAll(() => cpSync('examples/recipes', join(project.folder, 'recipes'), { recursive: true }));

  it('finds the schema and the trusted documents', () => {
    for (const name of ['schema.graphql', 'trusted-documents.json']) {
      const script = `console.log(import.meta.resolve('graphql-context-cache/${name}'))`;
      const url = project.run('node', ['--input-type=module', '-e', script]).trim();
      expect(readFileSync(new URL(url))).toEqual(readFileSync(join('schema', name)));
    }
  });

  it('type-checks the recipes, and the recipe of a script runs', async () => {
    const recipes = readdirSync('examples/recipes').filter((file) => /\.tsx?$/.test(file));
    const paths = recipes.map((file) => `recipes/${file}`);
    const lax = ['--types', 'node', '--skipLibCheck', '--jsx', 'react-jsx'];
    const said = await Promise.all([
      tsc(project, [...BUNDLER, ...lax, '--noEmit', ...paths]),
      tsc(project, [...NODE, ...lax, '--rootDir', '.', '--outDir', 'out', 'recipes/node-script.ts']),
    ]);
    expect(said.join('')).toBe('');

    await using server = await TestServer.start();
    const args = ['out/recipes/node-script.js', server.url, 'Where is my parcel?', 'May I send it back?'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: project.folder,
      timeout: SCRIPT_MS,
    });
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
    project.write('codegen.yml', config?.text ?? '');
    mkdirSync(join(project.folder, 'src'));
    project.write('src/own.graphql', 'query Own { contexts(first: 1) { edges { node { id expiresAt } } } }');
    project.run('node', ['node_modules/@graphql-codegen/cli/cjs/bin.js', '--config', 'codegen.yml']);
    const TRUSTED_DOCUMENTS = join(project.folder, 'src/graphql/persisted-documents.json');
    const [[hash, text] = []] = Object.entries(JSON.parse(readFileSync(TRUSTED_DOCUMENTS, 'utf8')));
    await using server = await TestServer.start({ TRUSTED_DOCUMENTS });
    for (const body of [{ query: text }, { documentId: hash }]) {
      const { data } = await server.post(JSON.stringify(body));
      expect(data).toEqual({ contexts: { edges: [] } });
    }
    project.write('own.ts', OWN);
    expect(await tsc(project, [...NODE, '--types', 'node', '--skipLibCheck', '--noEmit', 'own.ts'])).toBe('');
  });
});
