import type { DocumentNode } from 'graphql';
import type { CompiledOperation } from './compiled.js';

/** Bytes that the documents of one generation may weigh. */
const MAX_BYTES = 33_554_432;
/** What a parsed document weighs: each of its characters (nodes, tokens and places), and one however short. Measured, rounded up. */
const BYTES_PER_CHARACTER = 100;
const BYTES_PER_DOCUMENT = 16_384;

/** A valid document that was sent before. */
export interface KnownDocument {
  document: DocumentNode;
  /** Its operations that were run, by the name that was asked for. */
  operations: Map<string | undefined, CompiledOperation>;
}

/**
 * Documents that were parsed and validated once. Two generations: when the younger is full, it becomes the older, and what was
 * not asked for since is forgotten, so that a known document costs one look-up and no reordering.
 */
export class KnownDocuments {
  private young = new Map<string, KnownDocument>();
  private old = new Map<string, KnownDocument>();
  private bytes = 0;

  /** `read` throws where the document is refused; such a document is not kept, however often it comes. */
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
