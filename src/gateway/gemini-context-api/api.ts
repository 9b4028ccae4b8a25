import { type ApiDescription, ContextExpiry } from '../caching-api.js';
import { ContextApi } from '../context-api/api.js';
import { ContextMode, type CreatedContext, type NewContext } from '../types.js';

/** By context-create.zh.txt. */
const MODELS: ReadonlySet<string> = new Set([
  'gemini-2.0-flash',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
  'gemini-2.5-pro',
  'gemini-3-pro-preview',
]);

export function isGemini(model: string): boolean {
  return model.toLowerCase().startsWith('gemini-');
}

/** The smallest prompts are those that Google's documents give for each family. */
export const GEMINI_CONTEXT_API: ApiDescription = {
  isDocumented: (model) => MODELS.has(model.toLowerCase()),
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
    const { mode: _, ...prefix } = context;
    const created = await super.createContext(prefix);
    return { ...created, mode: ContextMode.COMMON_PREFIX };
  }
}
