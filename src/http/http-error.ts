/** A request that is refused before it is a GraphQL operation. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    /** HTTP status, 400 to 499. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
