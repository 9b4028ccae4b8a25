import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/config.js';
import { badUserInput } from '../errors.js';

/** The parts of a request that identify its document, not yet checked. */
export interface DocumentRequest {
  query?: unknown;
  /** `sha256:` and the hash in hexadecimal digits, as GraphQL over HTTP has it. */
  documentId?: unknown;
  /** `persistedQuery.sha256Hash`: the same hash, as Apollo's clients send it. */
  extensions?: unknown;
}

const WANTED =
  'Send a document that codegen wrote into TRUSTED_DOCUMENTS, or its `documentId`. Introspection, and with it the playground, is refused too.';

/** On this message, clients that use automatic persisted queries send the text instead of its hash. */
export const PERSISTED_QUERY_NOT_SUPPORTED = 'PersistedQueryNotSupported';

/** The allowlist of documents, if the operator has set one; otherwise any document may run. */
export class Documents {
  private readonly texts: ReadonlySet<string> | undefined;

  /** `byHash`: texts by their SHA-256 in hexadecimal; undefined allows any document. */
  constructor(private readonly byHash?: ReadonlyMap<string, string>) {
    this.texts = byHash && new Set(byHash.values());
  }

  /** Throws BAD_USER_INPUT for a text that may not run. */
  check(text: string): void {
    if (this.texts && !this.texts.has(text))
      throw badUserInput(`This server runs trusted documents only. ${WANTED}`);
  }

  /** The document that the request contains or names by hash; undefined if it does neither. Throws BAD_USER_INPUT. */
  textOf(request: DocumentRequest): unknown {
    const { query } = request;
    if (typeof query === 'string' && query !== '') this.check(query);
    if (query != null && query !== '') return query;
    const hash = hashOf(request);
    if (hash === undefined) return query;
    if (!this.byHash) {
      if (request.documentId == null) throw badUserInput(PERSISTED_QUERY_NOT_SUPPORTED);
      throw badUserInput(
        'This server keeps no documents, because TRUSTED_DOCUMENTS is not set. Send the text in `query`.',
      );
    }
    const text = this.byHash.get(hash);
    if (text === undefined) throw badUserInput(`There is no trusted document of this hash. ${WANTED}`);
    return text;
  }
}

function hashOf({ documentId, extensions }: DocumentRequest): string | undefined {
  if (documentId != null) {
    const [, hash] = (typeof documentId === 'string' && /^sha256:([0-9a-f]{64})$/.exec(documentId)) || [];
    if (hash) return hash;
    throw badUserInput('`documentId` must be `sha256:` and 64 hexadecimal digits.');
  }
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } | null };
  if (!persistedQuery) return undefined;
  const { sha256Hash } = persistedQuery;
  if (typeof sha256Hash === 'string') return sha256Hash;
  throw badUserInput('`persistedQuery.sha256Hash` must be a string.');
}

/** Reads the file that codegen writes; throws ConfigError. Without a path, any document may run. */
export function openDocuments(path: string | undefined): Documents {
  if (path === undefined) return new Documents();
  // codegen's client preset writes `sha256:` before each hash, from version 6 on.
  const entries = Object.entries(readMap(path)).map(
    ([id, text]) => [id.replace(/^sha256:/, ''), text] as const,
  );
  if (entries.length === 0) throw unusable('holds no document');
  for (const [hash, text] of entries) {
    if (typeof text !== 'string' || createHash('sha256').update(text).digest('hex') !== hash) {
      throw unusable('must map the SHA-256 of each text, in hexadecimal digits, to the text');
    }
  }
  return new Documents(new Map(entries as [string, string][]));
}

/** Why `openDocuments` would throw. */
export function documentsProblems(path: string | undefined): string[] {
  try {
    openDocuments(path);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function readMap(path: string): object {
  let map: unknown;
  try {
    map = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(code ? `cannot be read (${code})` : 'is not JSON');
  }
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw unusable('must hold one JSON object');
  return map;
}

function unusable(problem: string): ConfigError {
  return new ConfigError([`TRUSTED_DOCUMENTS: the file that it names ${problem}`]);
}
