/** A request that the sandbox says no to, in the gateway's words (gateway.md, "Errors"). */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    /** HTTP status. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** The field of the body that is at fault. */
    readonly param: string | null = null,
  ) {
    super(message);
  }

  /** OpenAI's envelope; Ark ends the message with the request's id. */
  body(requestId: string) {
    const type = this.status < 500 ? 'invalid_request_error' : 'server_error';
    const message = `${this.message} Request id: ${requestId}`;
    return { error: { message, type, param: this.param, code: this.code } };
  }
}

export function invalid(param: string, message: string): Refusal {
  return new Refusal(400, 'InvalidParameter', `The parameter \`${param}\` ${message}.`, param);
}

export function missing(param: string): Refusal {
  return new Refusal(400, 'MissingParameter', `The parameter \`${param}\` is missing.`, param);
}
