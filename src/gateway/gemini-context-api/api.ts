import { type ApiDescription, ContextExpiry } from '../caching-api.js';
import { ContextApi } from '../context-api/api.js';
import { ContextMode, type CreatedContext, type NewContext } from '../types.js';

/** The smallest prompts are those that Google's documents give for each family. */
export const GEMINI_CONTEXT_API: ApiDescription = {
  capabilitiesOf: (model) => ({
    modes: [ContextMode.COMMON_PREFIX],
    expiry: ContextExpiry.SLIDING,
    minTtl: null,
    maxTtl: null,
    minPromptTokens: /-pro\b/i.test(model) ? 4_096 : 1_024,
    deletable: false,
  }),
  open: (calls) => new GeminiContextApi(calls, '/chat/completions'),
};

/** Google's cached contents behind the same calls: always prefixes, whose mode is not sent; chats are plain chat completions that name one. */
class GeminiContextApi extends ContextApi {
  override async createContext(context: NewContext): Promise<CreatedContext> {
    const { mode, ...prefix } = context;
    const created = await super.createContext(mode === ContextMode.COMMON_PREFIX ? prefix : context);
    return { ...created, mode: ContextMode.COMMON_PREFIX };
  }
}
