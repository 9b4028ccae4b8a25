import type { DocumentNode } from 'graphql';
import type { CompiledOperation } from './compiled.js';

/** Estimated bytes of one generation. */
const MAX_BYTES = 33_554_432;
/** Memory of a parsed document (nodes, tokens, locations): per character, and at least. Measured and rounded up. */
const BYTES_PER_CHARACTER = 100;
const BYTES_PER_DOCUMENT = 16_384;

/** A document that was parsed and validated. */
export interface KnownDocument {
  document: DocumentNode;
  /** The operations that were run, by the requested `operationName`. */
  operations: Map<string | undefined, CompiledOperation>;
}

/**
 * A cache of parsed and validated documents in two generations. When the young one is full, it becomes the old one, and what
 * was not used since is dropped. Unlike an LRU list, a hit costs one look-up and no reordering.
 */
export class KnownDocuments {
  private young = new Map<string, KnownDocument>();
  private old = new Map<string, KnownDocument>();
  private bytes = 0;

  /** `read` throws if the document is invalid; invalid documents are not cached. */
  constructor(private readonly read: (text: string) => KnownDocument) {}

  get(text: string): KnownDocument {
    return this.young.get(text) ?? this.keep(text, this.old.get(text) ?? this.read(text));
  }

  private keep(text: string, document: KnownDocument): KnownDocument {
    const bytes = BYTES_PER_DOCUMENT + text.length * BYTES_PER_CHARACTER;
    if (this.bytes + bytes > MAX_BYTES) {
      this.old = this.young;
      this.young = new Map();
      this.bytes = 0;
    }
    this.young.set(text, document);
    this.bytes += bytes;
    return document;
  }
}
