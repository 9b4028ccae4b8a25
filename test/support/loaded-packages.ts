import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The packages that a program loaded; of a bundled file, all that are in it. `run` waits for its end. */
export async function packagesLoaded(run: (env: { NODE_V8_COVERAGE: string }) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'loaded-'));
  try {
    await run({ NODE_V8_COVERAGE: folder });
    const [report = ''] = await readdir(folder);
    const { result } = JSON.parse(await readFile(join(folder, report), 'utf8')) as {
      result: { url: string }[];
    };
    const files = result.filter(({ url }) => url.startsWith('file:')).map(({ url }) => fileURLToPath(url));
    const modules = (await Promise.all(files.map(modulesIn))).flat();
    const names = modules.map((path) => /.*node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? '');
    return [...new Set(names)];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function modulesIn(file: string): Promise<string[]> {
  const map = `${file}.map`;
  return existsSync(map)
    ? (JSON.parse(await readFile(map, 'utf8')) as { sources: string[] }).sources
    : [file];
}
