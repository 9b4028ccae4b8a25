import { existsSync } from 'node:fs';

/** The code lies at different depths below it: as it is written, as it is compiled, and as it is bundled. */
function findRoot(from: URL): URL {
  return existsSync(new URL('package.json', from)) ? from : findRoot(new URL('..', from));
}

const ROOT = findRoot(new URL('.', import.meta.url));

/** A file or a folder that comes with the package, wherever the server was started. */
export function packageFile(path: string): URL {
  return new URL(path, ROOT);
}
