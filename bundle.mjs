/**
 * Builds `dist` from the output of `tsc` in `build`. The programs are bundled, because finding, reading and linking 700 files
 * took a third of a start.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
// Vite's bundler. esbuild changes the order of modules, renames classes, and drops named exports from `import()` of CommonJS.
import { build } from 'rolldown';

rmSync('dist', { recursive: true, force: true });

const { output } = await build({
  input: { main: 'build/main.js', 'sandbox/main': 'build/sandbox/main.js' },
  platform: 'node',
  // It locates its native addon relative to its own folder.
  external: ['libsql'],
  // `graphql` has separate files for `import` and `require`; two copies of its classes would not be compatible.
  resolve: { mainFields: ['main'] },
  // Unused code costs nothing at run time, and packages declare `sideEffects` wrongly.
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

/** The licenses of all bundled packages, which most of them require. */
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
