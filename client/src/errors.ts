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

/**
 * The server's codes, and `NETWORK_ERROR` if no GraphQL response came: connection lost, a proxy answered, or no headers could be
 * made.
 */
export type ClientErrorCode = ErrorCode | 'NETWORK_ERROR';

export interface ErrorDetails {
  code: ClientErrorCode;
  retryable: boolean;
  retryAfter?: number | null | undefined;
  requestId?: string | undefined;
  fields?: readonly FieldError[] | undefined;
  gateway?: GatewayFacts | undefined;
}

/** The error of every method of the client, except for an abort, which throws the reason of the signal. */
export class ContextCacheError extends Error {
  override readonly name = 'ContextCacheError';
  readonly code: ClientErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Whole seconds to wait before trying again, if the server said so. */
  readonly retryAfter: number | undefined;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  /** With BAD_USER_INPUT: what is wrong, field by field; else empty. */
  readonly fields: readonly FieldError[];
  readonly gateway: GatewayFacts | undefined;

  constructor(message: string, details: ErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.code = details.code;
    this.retryable = details.retryable;
    this.retryAfter = details.retryAfter ?? undefined;
    this.requestId = details.requestId;
    this.fields = details.fields ?? [];
    this.gateway = details.gateway;
  }

  /** With the message, which `JSON.stringify` would leave out. */
  toJSON(): ErrorDetails & { message: string } {
    return { ...this, message: this.message };
  }
}

export function networkError(message: string, cause?: unknown): ContextCacheError {
  return new ContextCacheError(message, { code: 'NETWORK_ERROR', retryable: true }, { cause });
}

export function connectionLost(cause?: unknown): ContextCacheError {
  return networkError('The connection to the server was lost.', cause);
}

/** A proxy answered, or this is no GraphQL server. A refusal does not pass, unlike a proxy's failure. */
export function noGraphQL(status: number): ContextCacheError {
  const isRefused = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const message = `HTTP ${status} came without a GraphQL response: is this the server’s URL?`;
  return new ContextCacheError(message, { code: 'NETWORK_ERROR', retryable: !isRefused });
}

/** Not retryable, so that no answer is resumed. */
export function clientClosed(): ContextCacheError {
  return new ContextCacheError('The client was closed.', { code: 'NETWORK_ERROR', retryable: false });
}
