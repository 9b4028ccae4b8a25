/** Prints the hook's app, bundled with the React of the folder that is named. Rolldown does not run inside Jest. */
import { resolve } from 'node:path';
import { build } from 'rolldown';

const [folder = ''] = process.argv.slice(2);
const from = (name) => resolve(folder, name);

const { output } = await build({
  input: 'test/client/hook-app.jsx',
  write: false,
  platform: 'browser',
  // React's development build, whose StrictMode mounts everything twice.
  transform: { define: { 'process.env.NODE_ENV': '"development"' } },
  // The client as it is written, not as it was built last.
  resolve: {
    extensionAlias: { '.js': ['.ts', '.js'] },
    alias: { 'react-dom': from('react-dom'), react: from('react'), scheduler: from('scheduler') },
  },
  output: { format: 'esm', codeSplitting: false },
});
process.stdout.write(output[0].code);
