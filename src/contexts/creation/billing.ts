import { AppError, ErrorCode } from '../../errors.js';
import { GatewayError } from '../../gateway/errors/gateway-error.js';
import type { OwnedContext } from '../../store/store.js';
import { createdTokens } from '../details.js';
import { isPrefix } from '../records.js';

/** Estimates the tokens that a context adds to the next prompt. */
export function contextTokens({ context, totals }: OwnedContext): number {
  const created = createdTokens(context.details) ?? 0;
  if (isPrefix(context)) return created;
  // For a session only sums are known. Each prompt contains all earlier chats: if each of n chats adds the same number of tokens, all prompts
  // and answers together are n times the initial tokens plus n (n + 1) / 2 times that number.
  const { chats, promptTokens, completionTokens, estimatedTokens } = totals;
  const counted = promptTokens + completionTokens - estimatedTokens;
  const history = (2 * (counted - chats * created)) / (chats + 1);
  return created + Math.max(0, Math.round(history));
}

/** Whether the gateway may have processed the failed request and may bill it. */
export function mayBeBilled(error: unknown): boolean {
  if (error instanceof GatewayError) return error.failure.delivery === 'lost' || isInvalidAnswer(error);
  // A disconnected client or a lost lease aborts a call that may have been processed; bugs can happen at any stage.
  return !(error instanceof AppError) || error.details.mayHaveBeenProcessed === true;
}

/** A successful response that cannot be used. */
function isInvalidAnswer({ failure: { delivery }, code, details }: GatewayError): boolean {
  const { status = 200 } = details.gateway ?? {};
  return delivery === 'answered' && code === ErrorCode.GATEWAY_BAD_RESPONSE && status < 300;
}
