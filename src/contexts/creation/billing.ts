import { AppError, ErrorCode } from '../../errors.js';
import { GatewayError } from '../../gateway/errors/gateway-error.js';
import type { Holding } from '../../registry/store.js';
import { unpackDetails } from '../details.js';
import { isPrefix } from '../records.js';

/** Tokens that a context brings into the next prompt, as far as the gateway has told. */
export function contextTokens({ context, totals }: Holding): number {
  const created = unpackDetails(context.details).usage?.promptTokens ?? 0;
  if (isPrefix(context)) return created;
  // Of a session only sums are known. Each prompt holds all chats before it: where each of n chats adds as much as the others, all
  // prompts and answers together hold n times what it was created with, and n (n + 1) / 2 times what one chat adds.
  const { chats, promptTokens, completionTokens, estimatedTokens } = totals;
  const counted = promptTokens + completionTokens - estimatedTokens;
  const history = (2 * (counted - chats * created)) / (chats + 1);
  return created + Math.max(0, Math.round(history));
}

/** Whether the gateway may have processed the request that failed, and bill it. */
export function mayBeBilled(error: unknown): boolean {
  if (error instanceof GatewayError) return error.failure.fate === 'lost' || isUnusable(error);
  // The caller left, or what the call builds on was lost.
  return !(error instanceof AppError) || error.details.mayHaveBeenProcessed === true;
}

/** An answer, and no refusal. */
function isUnusable({ failure: { fate }, code, details }: GatewayError): boolean {
  const { status = 200 } = details.gateway ?? {};
  return fate === 'answered' && code === ErrorCode.GATEWAY_BAD_RESPONSE && status < 300;
}
