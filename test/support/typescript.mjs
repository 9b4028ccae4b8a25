// Compiles TypeScript for the tests, in each of their threads. tsx, which is better known, adds calls of a helper of its own to
// functions, which then fail in a browser, where some of them run.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const CLIENT = new URL('../../client/src/', import.meta.url);
/** The client as it is written, not as it was built last. */
const PACKAGES = {
  'graphql-context-cache-client': new URL('index.ts', CLIENT).href,
  'graphql-context-cache-client/react': new URL('react/index.ts', CLIENT).href,
};

// Node 20 has no `registerHooks`, which newer versions want instead.
register(import.meta.url);

export function resolve(specifier, context, next) {
  return next(PACKAGES[specifier] ?? sourceOf(specifier, context.parentURL) ?? specifier, context);
}

export async function load(url, context, next) {
  const { pathname } = new URL(url);
  if (!/\.tsx?$/.test(pathname)) return next(url, context);
  const filename = fileURLToPath(url);
  const parser = { syntax: 'typescript', tsx: pathname.endsWith('x'), decorators: true };
  const { code } = await transform(await readFile(filename, 'utf8'), { filename, jsc: { parser } });
  return { format: 'module', source: code, shortCircuit: true };
}

/** TypeScript's imports name the file that is compiled from theirs. */
function sourceOf(specifier, parent = '') {
  if (!/^\.{1,2}\/.*\.js$/.test(specifier) || parent.includes('/node_modules/')) return undefined;
  const sources = ['.ts', '.tsx'].map((end) => new URL(specifier.replace(/\.js$/, end), parent));
  return sources.find((source) => existsSync(source))?.href;
}
