import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readDocument, type Table } from './documents.js';

const { tables } = readDocument('CONTRIBUTING.md');

function rowsBelow(head: string): Table {
  const found = tables.find(([heads]) => heads?.[0] === head);
  if (!found) throw new Error(`CONTRIBUTING.md has no table that begins with "${head}"`);
  return found.slice(1);
}

function codesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

describe('CONTRIBUTING.md', () => {
  it('maps every folder and file of src, and nothing else', () => {
    const rooms = rowsBelow('folder or file').flatMap(([room]) => codesIn(room));
    expect(rooms.sort()).toEqual(readdirSync('src').map((name) => `src/${name}`));
  });

  it('names symbols that are in the files of its worked example', () => {
    const steps = rowsBelow('where');
    expect(steps.length).toBeGreaterThan(5);
    for (const [where, symbols] of steps) {
      const [file = ''] = codesIn(where);
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const missing = codesIn(symbols).filter((symbol) => !text.includes(symbol));
      expect({ file, missing }).toEqual({ file, missing: [] });
      expect(codesIn(symbols)).not.toEqual([]);
    }
  });
});
