import type { ApiDescription } from './caching-api.js';
import { CONTEXT_API } from './context-api/api.js';
import { GEMINI_CONTEXT_API, isGemini } from './gemini-context-api/api.js';
import { RESPONSES_API } from './responses-api/api.js';

/** By the name that the file of models uses. */
export const APIS = {
  context: CONTEXT_API,
  'gemini-context': GEMINI_CONTEXT_API,
  responses: RESPONSES_API,
} as const satisfies Record<string, ApiDescription>;

export type ApiName = keyof typeof APIS;

export function isApiName(name: string): name is ApiName {
  return Object.hasOwn(APIS, name);
}

/** The API of models that the file does not mention. */
export function defaultApi(model: string): ApiName {
  return isGemini(model) ? 'gemini-context' : 'context';
}
