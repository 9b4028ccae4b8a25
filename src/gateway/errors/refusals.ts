/** What a refusal can mean, and what the caller is told. */

import { ErrorCode, NO_SUCH_CONTEXT } from '../../errors.js';

export interface Meaning {
  code: ErrorCode;
  /** Tells the caller what to do. */
  message: string;
  /** Where it differs from the code's default. */
  retryable?: boolean;
  /** The parameter at fault, where only the message names it. */
  param?: string;
  /** What is wrong with that parameter. */
  fault?: string;
  /** Whether a creation was refused because its messages are shorter than the gateway caches. */
  isTooShort?: boolean;
}

export const CONTENT_REJECTED: Meaning = {
  code: ErrorCode.CONTENT_REJECTED,
  message: 'The gateway’s moderation refused the content. Change the messages.',
};
export const QUOTA_EXCEEDED: Meaning = {
  code: ErrorCode.QUOTA_EXCEEDED,
  message: 'The gateway account has no balance left. Top it up, then try again.',
};
export const MODEL_NOT_FOUND: Meaning = {
  code: ErrorCode.MODEL_NOT_FOUND,
  message:
    'The gateway has no such model, or it is not open to this account. Query `models` for those it has.',
};
export const CONTEXT_NOT_FOUND: Meaning = { code: ErrorCode.CONTEXT_NOT_FOUND, message: NO_SUCH_CONTEXT };
export const SESSION_BUSY: Meaning = {
  code: ErrorCode.RATE_LIMITED,
  message: 'The gateway is still answering another chat on this session. Wait for it, then try again.',
};
export const RATE_LIMITED: Meaning = {
  code: ErrorCode.RATE_LIMITED,
  message: 'The gateway’s rate limit is reached. Wait, then try again.',
};
export const TIMED_OUT: Meaning = {
  code: ErrorCode.GATEWAY_TIMEOUT,
  message: 'The gateway timed out. Try again.',
};
export const UNAVAILABLE: Meaning = {
  code: ErrorCode.GATEWAY_UNAVAILABLE,
  message: 'The gateway failed. Try again later.',
};
export const TOO_LARGE: Meaning = {
  code: ErrorCode.BAD_USER_INPUT,
  message: 'The prompt is too large for the model or the gateway. Shorten the messages.',
};
export const TOO_SHORT: Meaning = {
  code: ErrorCode.BAD_USER_INPUT,
  message: 'input.messages are shorter than the gateway caches',
  param: 'messages',
  isTooShort: true,
};
export const REFUSED_INPUT: Meaning = {
  code: ErrorCode.BAD_USER_INPUT,
  message:
    'The gateway refused the request. Check the model, the messages and the other parameters against its documentation.',
};
export const NOT_THE_CONTRACT: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message: 'The response is not from the gateway. The operator should check GATEWAY_URL.',
};
/** Which does not mend itself. */
export const WRONG_ADDRESS: Meaning = { ...NOT_THE_CONTRACT, retryable: false };
export const NOTHING_FOUND: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message:
    'The gateway answers “not found” and does not say what. Check the model, and that the context exists.',
  retryable: false,
};
export const BLOCKED: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message: 'A firewall or proxy in front of the gateway rejected the request. The operator should check it.',
  retryable: false,
};
export const SERVER_KEY_REFUSED: Meaning = {
  code: ErrorCode.GATEWAY_AUTH,
  message: 'The gateway rejects this server’s key. The operator must fix it.',
};
export const CALLER_KEY_REFUSED: Meaning = {
  code: ErrorCode.UNAUTHENTICATED,
  message: 'The gateway does not accept this key. Send a valid one as `Authorization: Bearer <key>`.',
};
export const CALLER_DENIED: Meaning = {
  code: ErrorCode.FORBIDDEN,
  message: 'This key may not do that at the gateway. Use one that may.',
};
