/** An error response in the gateway's format. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    /** HTTP status. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** The invalid field of the body. */
    readonly param: string | null = null,
  ) {
    super(message);
  }

  /** OpenAI's error object; Ark appends the request's id to the message. */
  body(requestId: string) {
    const type = this.status < 500 ? 'invalid_request_error' : 'server_error';
    const message = `${this.message} Request id: ${requestId}`;
    return { error: { message, type, param: this.param, code: this.code } };
  }
}

export function invalid(param: string, message: string): ApiError {
  return new ApiError(400, 'InvalidParameter', `The parameter \`${param}\` ${message}.`, param);
}

export function missing(param: string): ApiError {
  return new ApiError(400, 'MissingParameter', `The parameter \`${param}\` is missing.`, param);
}
