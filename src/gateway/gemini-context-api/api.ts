import { type ApiDescription, ContextExpiry } from '../caching-api.js';
import { ContextApi } from '../context-api/api.js';
import { ContextMode } from '../types.js';

/**
 * Google's cached contents behind the same calls: always prefixes, chats are plain chat completions that name one. The smallest prompts are
 * those that Google's documents give for each family.
 */
export const GEMINI_CONTEXT_API: ApiDescription = {
  capabilitiesOf: (model) => ({
    modes: [ContextMode.COMMON_PREFIX],
    expiry: ContextExpiry.SLIDING,
    minTtl: null,
    maxTtl: null,
    minPromptTokens: /-pro\b/i.test(model) ? 4_096 : 1_024,
    deletable: false,
  }),
  open: (calls) => new ContextApi(calls, '/chat/completions'),
};
