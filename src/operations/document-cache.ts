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

/** Caches what `read` returns for a text; it throws for an invalid document, which is not cached. */
export function knownDocuments(read: (text: string) => KnownDocument): LRUCache<string, KnownDocument> {
  return new LRUCache({
    maxSize: MAX_BYTES,
    sizeCalculation: (_, text) => BYTES_PER_DOCUMENT + text.length * BYTES_PER_CHARACTER,
    memoMethod: read,
  });
}
