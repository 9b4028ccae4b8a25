import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { CompiledOperation } from './compiled.js';

const MAX_BYTES = 67_108_864;
/** Memory of a parsed document (nodes, tokens, locations): per character, and at least. Measured and rounded up. */
const BYTES_PER_CHARACTER = 100;
const BYTES_PER_DOCUMENT = 16_384;

/** A document that was parsed and validated. */
export interface KnownDocument {
  document: DocumentNode;
  /** The operations that were run, by the requested `operationName`. */
  operations: Map<string | undefined, CompiledOperation>;
}

/** Caches parsed and validated documents. */
export class KnownDocuments {
  private readonly documents = new LRUCache<string, KnownDocument>({
    maxSize: MAX_BYTES,
    sizeCalculation: (_, text) => BYTES_PER_DOCUMENT + text.length * BYTES_PER_CHARACTER,
  });

  /** `read` throws if the document is invalid; invalid documents are not cached. */
  constructor(private readonly read: (text: string) => KnownDocument) {}

  get(text: string): KnownDocument {
    const known = this.documents.get(text);
    if (known) return known;
    const document = this.read(text);
    this.documents.set(text, document);
    return document;
  }
}
