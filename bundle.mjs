/**
 * Makes `dist` of what `tsc` has left in `build`: the programs in few files, because to find, read and link 700 of them
 * took a third of a start, and the client as it is, because whoever installs it bundles it anew.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
// Vite's own bundler. esbuild gives modules another order, classes other names, and `import()` of CommonJS no names at all.
import { build } from 'rolldown';

rmSync('dist', { recursive: true, force: true });
cpSync('build/client', 'dist/client', { recursive: true, filter: (path) => !path.endsWith('.map') });

const { output } = await build({
  input: { main: 'build/main.js', 'sandbox/main': 'build/sandbox/main.js' },
  platform: 'node',
  // It looks for its native part from its own folder.
  external: ['libsql'],
  // `graphql` has files for `import` and others for `require`: nobody may meet the other's classes.
  resolve: { mainFields: ['main'] },
  // What is never used is never run; what packages say of their side effects is not always so.
  treeshake: false,
  output: {
    dir: 'dist',
    chunkFileNames: 'parts/[name]-[hash].js',
    strictExecutionOrder: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
});

writeFileSync('dist/LICENSES.txt', licensesOf(output.flatMap(({ moduleIds = [] }) => moduleIds)));

/** Of every package that is in the bundle, as most of them ask. */
function licensesOf(files) {
  const paths = files.map((file) => relative('.', file).replaceAll(sep, '/'));
  const folders = paths.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean);
  return [...new Set(folders)]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
      return `${name} ${version}: ${license}\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
