import { parse } from 'graphql';
import { KnownDocuments } from '../../src/http/known-documents.js';

function reading() {
  const texts: string[] = [];
  const known = new KnownDocuments((text) => {
    texts.push(text);
    return { document: parse(text), errors: [], operations: new Map() };
  });
  return { known, texts };
}

describe('the documents that were sent before', () => {
  it('are read once, however many that are no GraphQL came between', () => {
    const { known, texts } = reading();
    const broken = '{'.repeat(100_000);
    known.get('{ a }');
    for (let count = 0; count < 50; count++) expect(() => known.get(broken)).toThrow();
    known.get('{ b }');
    known.get('{ a }');
    known.get('{ b }');
    expect(texts.filter((text) => text !== broken)).toEqual(['{ a }', '{ b }']);
  });

  it('are forgotten, the least recently used first, where there are too many', () => {
    const { known, texts } = reading();
    for (let count = 0; count < 1_000; count++) known.get(`{ a${count} }`);
    known.get('{ a0 }');
    known.get('{ more }');
    texts.length = 0;
    known.get('{ a0 }');
    known.get('{ a1 }');
    expect(texts).toEqual(['{ a1 }']);
  });
});
