import { AppError, ErrorCode } from '../errors.js';

/**
 * What becomes of the idempotency key of a request that failed: `free`, the request was certainly not processed and may be sent
 * again; `kept`, the gateway would refuse it again; `spent`, it may have been processed.
 */
export type KeyFate = 'free' | 'kept' | 'spent';

/** What only another request can mend. */
const CALLERS: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.BAD_USER_INPUT,
  ErrorCode.CONTEXT_NOT_FOUND,
  ErrorCode.MODEL_NOT_FOUND,
  ErrorCode.CONTENT_REJECTED,
]);

export function keyFate(error: unknown): KeyFate {
  // A bug may have struck anywhere.
  if (!(error instanceof AppError)) return 'spent';
  const { code, details } = error;
  if (details.mayHaveBeenProcessed) return 'spent';
  return details.gateway && CALLERS.has(code) ? 'kept' : 'free';
}
