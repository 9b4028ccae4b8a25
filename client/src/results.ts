import { ContextCacheError, type ErrorExtensions, networkError } from './errors.js';

/** A GraphQL response, or one event of a subscription. */
export interface GraphQLResult {
  data?: unknown;
  errors?: readonly { message: string; extensions?: Partial<ErrorExtensions> }[];
}

export function parseJson(text: string) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw networkError('The response is not JSON.', cause);
  }
}

/** Returns the data; throws the first error. */
export function dataOf({ data, errors }: GraphQLResult): unknown {
  const [first] = errors ?? [];
  if (!first) return data;
  const { code = 'INTERNAL_SERVER_ERROR', retryable = false, ...others } = first.extensions ?? {};
  throw new ContextCacheError(first.message, { code, retryable, ...others });
}

/** An operation as GraphQL over HTTP and graphql-transport-ws send it. */
export interface OperationRequest {
  query: string;
  variables: unknown;
}

/** Carries subscriptions. The signal ends one; its iteration then throws the signal's reason. */
export interface SubscriptionTransport {
  subscribe(request: OperationRequest, signal: AbortSignal): AsyncIterable<GraphQLResult>;
  close(): void;
}
