import type { CombinedError } from 'urql';
import type { ErrorCode } from './generated';

/** An error from the server, or a lost connection. */
export interface Problem {
  code: ErrorCode | 'NETWORK';
  /** The server's message, in English. */
  message: string;
  retryable: boolean;
  /** Seconds to wait before a retry. */
  retryAfter?: number | null;
}

interface Extensions {
  code?: ErrorCode;
  retryable?: boolean;
  retryAfter?: number;
  fields?: { path: (string | number)[]; message: string }[];
}

export function toProblem({ graphQLErrors: [first] }: CombinedError): Problem {
  if (!first) return CONNECTION_LOST;
  const { code, retryable = false, retryAfter, fields = [] } = first.extensions as Extensions;
  const details = fields.map(({ path, message }) => `${path.slice(1).join('.')} ${message}.`);
  return {
    code: code ?? 'INTERNAL_SERVER_ERROR',
    message: [first.message, ...details].join(' '),
    retryable,
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** Whether the server keeps no runs, so that an answer ends with its connection. */
export function refusesRuns({ graphQLErrors: [first] }: CombinedError): boolean {
  const { fields = [] } = (first?.extensions ?? {}) as Extensions;
  return fields.some(({ path }) => path.at(-1) === 'onDisconnect');
}

export const CONNECTION_LOST: Problem = { code: 'NETWORK', message: '', retryable: true };
