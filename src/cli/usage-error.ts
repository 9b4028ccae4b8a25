/** Wrong arguments; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(reason: string) {
    super(`${reason}\nTry: graphql-context-cache --help`);
  }
}
