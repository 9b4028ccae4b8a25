import { type ClientErrorCode, ContextCacheError } from 'graphql-context-cache-client';

/** An error as the page shows it. */
export interface Problem {
  code: ClientErrorCode;
  /** What is wrong with the input, field by field, in English. */
  fields: string[];
  retryable: boolean;
  /** Seconds to wait before a retry. */
  retryAfter: number | undefined;
}

export function toProblem(error: unknown): Problem {
  if (!(error instanceof ContextCacheError))
    return { code: 'INTERNAL_SERVER_ERROR', fields: [], retryable: false, retryAfter: undefined };
  const { code, retryable, retryAfter } = error;
  const fields = error.fields.map(({ path, message }) => `${path.slice(1).join('.')} ${message}.`);
  return { code, fields, retryable, retryAfter };
}
