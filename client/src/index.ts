export { Answer, type AnswerEvent, type ChatDelta, type ChatDone, type ChatStarted } from './answer.js';
export {
  type ClientOptions,
  type ContextCacheClient,
  createContextCacheClient,
  type RequestOptions,
} from './client.js';
export {
  type ClientErrorCode,
  ContextCacheError,
  type ErrorExtensions,
  type FieldError,
  type GatewayFacts,
} from './errors.js';
export type { HeadersOption } from './headers.js';
export * from './operations.js';
