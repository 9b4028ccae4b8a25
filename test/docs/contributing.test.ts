import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readDocument, type Table } from './documents.js';

const { tables, codes } = readDocument('CONTRIBUTING.md');

function rowsBelow(head: string): Table {
  const found = tables.find(([heads]) => heads?.[0] === head);
  if (!found) throw new Error(`CONTRIBUTING.md has no table that begins with "${head}"`);
  return found.slice(1);
}

function codesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

describe('CONTRIBUTING.md', () => {
  it('has every room of src on its map, and no other', () => {
    const rooms = rowsBelow('room').flatMap(([room]) => codesIn(room));
    expect(rooms.sort()).toEqual(readdirSync('src').map((name) => `src/${name}`));
  });

  it('follows a field through files that hold what it says', () => {
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

  it('names symbols that are there', () => {
    const named = {
      'src/errors.ts': ['ErrorCode', 'RETRYABLE', 'AppError'],
      'src/gateway/types.ts': ['NewContext'],
      'src/gateway/context-api/wire.ts': ['WireCreateContext'],
      'src/gateway/context-api/context-mapping.ts': ['toCreateContextBody', 'asCount'],
    };
    for (const [file, symbols] of Object.entries(named)) {
      const text = readFileSync(file, 'utf8');
      for (const symbol of symbols) {
        expect(codes).toContain(symbol);
        expect(text).toContain(symbol);
      }
    }
  });

  it('names every check that npm run check is made of', () => {
    const { check } = JSON.parse(readFileSync('package.json', 'utf8')).scripts;
    for (const command of check.split(' && ')) expect(codes).toContain(command);
  });
});
