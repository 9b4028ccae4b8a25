import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documentPaths, readDocument } from './documents.js';
import { scriptNames } from './scripts.js';

const FOLDERS = /^(?:src|test|docs|schema|bench|examples|deploy|\.ci|\.github)\/[\w./-]+$/;

describe.each(documentPaths())('%s', (path) => {
  const document = readDocument(path);
  const folder = dirname(path);

  it('links to what is there', () => {
    expect(document.links.filter((link) => !leadsSomewhere(link, path))).toEqual([]);
  });

  it('names files and folders that are there', () => {
    const paths = document.codes.filter((code) => FOLDERS.test(code));
    const lost = paths.filter((code) => !existsSync(code) && !existsSync(join(folder, code)));
    expect(lost).toEqual([]);
  });

  it('names npm scripts that are there', () => {
    const named = document.codes.flatMap((code) => /^npm run ([\w:-]+)/.exec(code)?.[1] ?? []);
    expect(named.filter((name) => !scriptNames().includes(name))).toEqual([]);
  });
});

/** What lies outside of the repository is only looked at: the tests work without a network. */
function leadsSomewhere(link: string, from: string): boolean {
  if (/^[a-z]+:/.test(link)) return URL.canParse(link);
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : join(dirname(from), decodeURIComponent(path));
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsIn(target).includes(decodeURIComponent(anchor));
}

function anchorsIn(path: string): string[] {
  return readDocument(path).headings.map(({ anchor }) => anchor);
}
