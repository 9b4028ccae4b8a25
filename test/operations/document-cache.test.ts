import { parse } from 'graphql';
import { knownDocuments } from '../../src/operations/document-cache.js';

function reading() {
  const texts: string[] = [];
  const known = knownDocuments((text) => {
    texts.push(text);
    return { document: parse(text), operations: new Map() };
  });
  return { known, texts };
}

describe('the documents that were sent before', () => {
  it('are read once, however many that are no GraphQL came between', () => {
    const { known, texts } = reading();
    const broken = '{'.repeat(100_000);
    known.memo('{ a }');
    for (let count = 0; count < 50; count++) expect(() => known.memo(broken)).toThrow();
    known.memo('{ b }');
    known.memo('{ a }');
    known.memo('{ b }');
    expect(texts.filter((text) => text !== broken)).toEqual(['{ a }', '{ b }']);
  });

  it('are forgotten where they weigh too much together, those first that were not asked for', () => {
    const { known, texts } = reading();
    // 1.6 MB each, by its characters: forty fill the cache.
    const long = (name: string) => `{ ${name} } #${'x'.repeat(16_000)}`;
    for (let count = 0; count < 40; count++) known.memo(long(`a${count}`));
    known.memo(long('a0'));
    for (let count = 0; count < 5; count++) known.memo(long(`b${count}`));
    texts.length = 0;
    for (const name of ['a0', 'b4', 'a20', 'a1']) known.memo(long(name));
    expect(texts).toEqual([long('a1')]);
  });

  it('are forgotten where they are many, however short', () => {
    const { known, texts } = reading();
    for (let count = 0; count < 5_000; count++) known.memo(`{ a${count} }`);
    texts.length = 0;
    known.memo('{ a0 }');
    known.memo('{ a4999 }');
    expect(texts).toEqual(['{ a0 }']);
  });
});
