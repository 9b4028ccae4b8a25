import type { DocumentNode, GraphQLError } from 'graphql';
import type { CompiledOperation } from './compiled-operation.js';

/** Documents that are kept, and characters of their texts in all. */
const MAX = { documents: 1_000, characters: 4_000_000 };

/** A document that was sent before. */
export interface KnownDocument {
  document: DocumentNode;
  /** Why it may not run; empty where it may. */
  errors: readonly GraphQLError[];
  /** Those of its operations that were run, by the name that was asked for. */
  operations: Map<string | undefined, CompiledOperation>;
}

/** What was parsed, validated and compiled once; the least recently used goes first. */
export class KnownDocuments {
  private readonly documents = new Map<string, KnownDocument>();
  private characters = 0;

  constructor(private readonly read: (text: string) => KnownDocument) {}

  /** Throws what reading it throws. */
  get(text: string): KnownDocument {
    const known = this.documents.get(text);
    const document = known ?? this.read(text);
    // What cannot be read is not kept, and so not counted.
    if (known) this.documents.delete(text);
    else this.characters += text.length;
    this.documents.set(text, document);
    this.shrink();
    return document;
  }

  private shrink(): void {
    for (const text of this.documents.keys()) {
      if (this.documents.size <= MAX.documents && this.characters <= MAX.characters) return;
      this.documents.delete(text);
      this.characters -= text.length;
    }
  }
}
