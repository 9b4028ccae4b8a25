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
  message: 'The gateway takes no more requests just now. Wait, then try again.',
};
export const TIMED_OUT: Meaning = {
  code: ErrorCode.GATEWAY_TIMEOUT,
  message: 'The gateway gave up waiting. Try again.',
};
export const UNAVAILABLE: Meaning = {
  code: ErrorCode.GATEWAY_UNAVAILABLE,
  message: 'The gateway has trouble of its own. Try again later.',
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
  message:
    'The address of the gateway does not answer as the gateway does. The operator should check GATEWAY_URL.',
};
export const NOTHING_FOUND: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message:
    'The gateway answers “not found” and does not say what. Check the model, and that the context exists.',
  retryable: false,
};
export const BLOCKED: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message:
    'A firewall or a proxy before the gateway refused the request. The operator should look at what stands between.',
  retryable: false,
};
export const SERVER_KEY_REFUSED: Meaning = {
  code: ErrorCode.GATEWAY_AUTH,
  message: 'The gateway refuses this server’s key. The operator has to mend it.',
};
export const CALLER_KEY_REFUSED: Meaning = {
  code: ErrorCode.UNAUTHENTICATED,
  message: 'The gateway does not accept this key. Send a valid one as `Authorization: Bearer <key>`.',
};
export const CALLER_DENIED: Meaning = {
  code: ErrorCode.FORBIDDEN,
  message: 'The gateway does not let this key do that. Use a key that may.',
};
