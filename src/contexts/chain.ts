import { setTimeout as pause } from 'node:timers/promises';
import { AppError, contextNotFound, ErrorCode } from '../errors.js';
import { ContextExpiry } from '../gateway/caching-api.js';
import type { RequestContext } from '../request-context.js';
import type { ContextRecord, OwnedContext, Store } from '../store/store.js';
import { expiryOf, isPrefix } from './records.js';

/** Milliseconds between two turns, "else the call may fail" (Volcengine 82379/1602228). */
const PAUSE_MS = 100;

/** A session that is a chain of answers: each chat continues from the last answer's id. */
export function isChain(context: ContextRecord): boolean {
  return !isPrefix(context) && expiryOf(context) === ContextExpiry.FIXED;
}

/** The session after its last chat, once the gateway accepts the next. Call while it is locked. */
export async function endOfChain(
  store: Store,
  { context: { key } }: OwnedContext,
  request: RequestContext,
): Promise<OwnedContext> {
  const current = await store.ownedContext(request.caller.id, key, request.now());
  if (!current) throw contextNotFound();
  const wait = current.lastUsedAt + PAUSE_MS - request.now();
  if (wait > 0) await pause(Math.min(wait, PAUSE_MS), undefined, { signal: request.signal });
  return current;
}

/** The record after a complete answer; undefined if it stays as it is. */
export function afterAnswer(context: ContextRecord, answerId: string | null): ContextRecord | undefined {
  return answerId !== null && isChain(context) ? { ...context, gatewayId: answerId } : undefined;
}

/** Another chat has gone on from the same answer, which the lease of a session prevents unless it was lost. */
export function forked(): AppError {
  const message = 'Another chat continued this session meanwhile, so it lacks this answer. Ask again.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, {
    retryable: true,
    mayHaveBeenProcessed: true,
  });
}
