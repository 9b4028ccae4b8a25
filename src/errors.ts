import { GraphQLError } from 'graphql';
import type { ErrorExtensions, FieldError, GatewayFacts } from 'graphql-context-cache-client';

/** Every `errors[].extensions.code` that a caller can meet. */
export enum ErrorCode {
  BAD_USER_INPUT = 'BAD_USER_INPUT',
  UNAUTHENTICATED = 'UNAUTHENTICATED',
  FORBIDDEN = 'FORBIDDEN',
  CONTEXT_NOT_FOUND = 'CONTEXT_NOT_FOUND',
  PROMPT_NOT_FOUND = 'PROMPT_NOT_FOUND',
  RUN_NOT_FOUND = 'RUN_NOT_FOUND',
  MODEL_NOT_FOUND = 'MODEL_NOT_FOUND',
  CONTENT_REJECTED = 'CONTENT_REJECTED',
  IDEMPOTENCY_CONFLICT = 'IDEMPOTENCY_CONFLICT',
  OUTCOME_UNKNOWN = 'OUTCOME_UNKNOWN',
  RATE_LIMITED = 'RATE_LIMITED',
  QUOTA_EXCEEDED = 'QUOTA_EXCEEDED',
  GATEWAY_AUTH = 'GATEWAY_AUTH',
  GATEWAY_TIMEOUT = 'GATEWAY_TIMEOUT',
  GATEWAY_UNAVAILABLE = 'GATEWAY_UNAVAILABLE',
  GATEWAY_BAD_RESPONSE = 'GATEWAY_BAD_RESPONSE',
  CANCELLED = 'CANCELLED',
  INTERNAL_SERVER_ERROR = 'INTERNAL_SERVER_ERROR',
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.RATE_LIMITED,
  ErrorCode.GATEWAY_TIMEOUT,
  ErrorCode.GATEWAY_UNAVAILABLE,
  ErrorCode.GATEWAY_BAD_RESPONSE,
  ErrorCode.CANCELLED,
]);

export interface AppErrorDetails {
  /** Whole seconds to wait before trying again. */
  retryAfter?: number;
  /** Whether the same request may succeed later; the code decides where this is left out. */
  retryable?: boolean;
  /** The gateway may have processed the request: sending it again could bill it twice. */
  mayHaveBeenProcessed?: boolean;
  gateway?: GatewayFacts;
  fields?: FieldError[];
  /** What went wrong below; for the log, never for the caller. */
  cause?: unknown;
}

/** An error for the caller. Its message contains no secret and, except for a model's name, nothing the caller sent. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly retryable: boolean;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: AppErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.retryable = details.retryable ?? RETRYABLE.has(code);
  }
}

export function badUserInput(message: string, fields?: FieldError[]): AppError {
  return new AppError(ErrorCode.BAD_USER_INPUT, message, fields ? { fields } : {});
}

/** Each message completes "<path> ...". */
export function invalidFields(fields: FieldError[]): AppError {
  return badUserInput(fields.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '), fields);
}

/** Characters. */
const MAX_NAMED_MODEL = 100;

/** Names a model in a message, unless its text is too long to be a name. */
export function theModel(model: string): string {
  return model.length <= MAX_NAMED_MODEL ? `the model ${model}` : 'this model';
}

export function unauthenticated(message: string, cause?: unknown): AppError {
  return new AppError(ErrorCode.UNAUTHENTICATED, message, { cause });
}

export function cancelled(): AppError {
  return new AppError(ErrorCode.CANCELLED, 'The caller left before the answer came.');
}

export function idempotencyConflict(): AppError {
  const message = 'This idempotency key was used with different input. Use a new key for a new request.';
  return new AppError(ErrorCode.IDEMPOTENCY_CONFLICT, message);
}

export function shuttingDown(): AppError {
  const message = 'This server is shutting down. Send the request again later.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true });
}

/** The same words whether it is unknown, has expired, is another caller's or was lost by the gateway. */
export const NO_SUCH_CONTEXT =
  'There is no such context, or it has expired. Create a new one with `createContext`.';

export function contextNotFound(): AppError {
  return new AppError(ErrorCode.CONTEXT_NOT_FOUND, NO_SUCH_CONTEXT);
}

/** Rethrows the error without its invalid fields: they are of an input that this caller did not send. */
export function withoutFields(error: unknown): never {
  if (error instanceof AppError) delete error.details.fields;
  throw error;
}

/** The same words whether it is unknown or not for this caller. */
export function promptNotFound(): AppError {
  const message = 'There is no such prompt for you. `prompts` lists those that you may use.';
  return new AppError(ErrorCode.PROMPT_NOT_FOUND, message);
}

/** The same words whether it is unknown, no longer kept or another caller's. */
export function runNotFound(): AppError {
  return new AppError(
    ErrorCode.RUN_NOT_FOUND,
    'There is no such run, or it is no longer kept. `chatRuns` lists yours.',
  );
}

/** The same error, marked as possibly processed. */
export function asProcessed({ code, message, retryable, details }: AppError): AppError {
  return new AppError(code, message, { ...details, retryable, mayHaveBeenProcessed: true });
}

/** Runs work that follows a gateway response; marks its errors as possibly processed. */
export async function afterProcessing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asProcessed(toAppError(error));
  }
}

export const INTERNAL_ERROR_MESSAGE = 'Something went wrong on our side. Report it with the requestId.';

/** An AppError is passed on; anything else is a bug of ours, whose text could hold anything. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, INTERNAL_ERROR_MESSAGE, { cause: error });
}

/** Decides what callers see of an error, for every transport. */
export function toGraphQLError(error: AppError, requestId: string, at?: GraphQLError): GraphQLError {
  const { retryAfter, gateway, fields } = error.details;
  const extensions: ErrorExtensions = {
    code: error.code,
    retryable: error.retryable,
    ...(retryAfter !== undefined && { retryAfter }),
    requestId,
    ...(gateway && { gateway }),
    ...(fields && { fields }),
  };
  const shown = new GraphQLError(error.message, {
    ...(at?.nodes && { nodes: at.nodes }),
    ...(at?.source && { source: at.source }),
    ...(at?.positions && { positions: at.positions }),
    ...(at?.path && { path: at.path }),
    extensions: { ...extensions },
  });
  // Errors of graphql-jit have locations, but no nodes.
  return at?.locations && !shown.locations ? Object.assign(shown, { locations: at.locations }) : shown;
}
