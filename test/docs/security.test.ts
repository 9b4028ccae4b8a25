import { existsSync, readFileSync } from 'node:fs';

const text = readFileSync('SECURITY.md', 'utf8');
const files = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path ?? '');

describe('SECURITY.md', () => {
  it('names tests that are there', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('shows each promise by one', () => {
    const rows = text.split('\n').filter((line) => /^\| (?!-|topic|risk|promise)/.test(line));
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((row) => !/\]\(test\//.test(row))).toEqual([]);
  });
});
