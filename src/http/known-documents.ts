import type { DocumentNode, GraphQLError } from 'graphql';
import type { CompiledOperation } from './compiled-operation.js';

/** Of one generation: documents that are kept, and characters of their texts in all. */
const MAX = { documents: 500, characters: 2_000_000 };

/** A document that was sent before. */
export interface KnownDocument {
  document: DocumentNode;
  /** Why it may not run; empty where it may. */
  errors: readonly GraphQLError[];
  /** Those of its operations that were run, by the name that was asked for. */
  operations: Map<string | undefined, CompiledOperation>;
}

/**
 * What was parsed, validated and compiled once. Two generations: when the younger is full, it becomes the older, and what
 * was not asked for since the last time is forgotten. So a document that is known costs one look, and no reordering.
 */
export class KnownDocuments {
  private young = new Map<string, KnownDocument>();
  private old = new Map<string, KnownDocument>();
  private characters = 0;

  constructor(private readonly read: (text: string) => KnownDocument) {}

  /** Throws what reading it throws; what cannot be read is not kept. */
  get(text: string): KnownDocument {
    return this.young.get(text) ?? this.keep(text, this.old.get(text) ?? this.read(text));
  }

  private keep(text: string, document: KnownDocument): KnownDocument {
    const isFull = this.young.size >= MAX.documents || this.characters + text.length > MAX.characters;
    if (isFull) {
      this.old = this.young;
      this.young = new Map();
      this.characters = 0;
    }
    this.young.set(text, document);
    this.characters += text.length;
    return document;
  }
}
