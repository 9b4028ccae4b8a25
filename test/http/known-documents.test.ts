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

  it('are forgotten where there are too many, those first that were not asked for', () => {
    const { known, texts } = reading();
    for (let count = 0; count < 500; count++) known.get(`{ a${count} }`);
    known.get('{ more }');
    known.get('{ a0 }');
    for (let count = 0; count < 500; count++) known.get(`{ b${count} }`);
    texts.length = 0;
    for (const text of ['{ a0 }', '{ more }', '{ a1 }']) known.get(text);
    expect(texts).toEqual(['{ a1 }']);
  });

  it('are forgotten where their texts are too long together', () => {
    const { known, texts } = reading();
    const long = (name: string) => `{ ${name} } #${'x'.repeat(1_500_000)}`;
    for (const name of ['a', 'b', 'c', 'a']) known.get(long(name));
    expect(texts).toHaveLength(4);
  });
});
