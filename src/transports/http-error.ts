/** Refuses a request before it is a GraphQL operation. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    /** HTTP status: 400 to 499, or 200 where clients expect the error in an ordinary result. */
    readonly status: number,
    message: string,
    /** Response headers that belong to this status, such as `allow`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
