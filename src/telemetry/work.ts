import type { ErrorCode } from '../errors.js';
import type { FinishedCall } from '../gateway/http/finished-call.js';
import type { Totals } from '../store/store.js';

/** What is noted while a request runs: numbers and codes, never a text that anyone sent. */
export interface Work {
  gatewayCalls: FinishedCall[];
  /** What its chats used, by model. */
  tokens: (Totals & { model: string })[];
  /** The operator's prompts that its chats named, and how they used the cache. */
  prompts: { name: string; cache: string }[];
  /** Of every error that the caller got to see. */
  codes: ErrorCode[];
}

export function newWork(): Work {
  return { gatewayCalls: [], tokens: [], prompts: [], codes: [] };
}

/** One operation or run, reported once it has ended. */
export interface FinishedOperation extends Work {
  requestId: string;
  /** undefined: not identified. */
  callerId: string | undefined;
  /** `query`, `mutation` or `subscription`; `run` for a chat that outlives its operation; `refused` where it never ran. */
  kind: string;
  /** As the document has it. */
  name: string | undefined;
  /** The fields of the root that were asked for, `fragment` for those inside one; `run` and `refused` as above. */
  fields: string[];
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
}

export type OnFinished = (finished: FinishedOperation) => void;
