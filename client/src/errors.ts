import type { ErrorCode } from './operations.js';

/** `extensions` of every error in `errors`, on every transport. */
export interface ErrorExtensions {
  code: ErrorCode;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** Names this request in the server's log. */
  requestId: string;
  /** Whole seconds to wait before trying again. */
  retryAfter?: number;
  /** With BAD_USER_INPUT: what is wrong, field by field. */
  fields?: FieldError[];
  gateway?: GatewayFacts;
}

/** What is wrong with one field of the caller's input. */
export interface FieldError {
  /** From the argument's name down to the field, e.g. `["input", "messages", 0, "content"]`. */
  path: (string | number)[];
  message: string;
}

/** What the gateway answered, as far as a caller may know it. */
export interface GatewayFacts {
  /** HTTP status. */
  status?: number;
  /** The gateway's own code, e.g. `RateLimitExceeded`. */
  code?: string;
  requestId?: string;
}
