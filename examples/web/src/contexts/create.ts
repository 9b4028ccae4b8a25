import type { ContextCacheClient, ContextMode, CreateContextInput } from 'graphql-context-cache-client';
import { isPrefixOnly } from './model-select';
import type { ContextTarget } from './use-contexts';

interface WantedContext {
  model: string;
  persona: string;
  mode: ContextMode | null;
  ttl: number | null;
}

export function toInput({ model, persona, mode, ttl }: WantedContext): CreateContextInput {
  const isPrefix = mode === 'COMMON_PREFIX' || isPrefixOnly(model);
  return {
    model,
    messages: [{ role: 'SYSTEM', content: persona }],
    // The gateway takes no mode for models whose contexts are always prefixes.
    ...(mode && !isPrefixOnly(model) && { mode }),
    ...(ttl !== null && { ttl }),
    // Do not create the same prefix twice.
    reuse: isPrefix,
  };
}

/** The same context once more, after it has expired. */
export async function createAgain(
  client: ContextCacheClient,
  { model, persona, mode, ttl }: ContextTarget & { persona: string },
): Promise<ContextTarget> {
  const created = await client.createContext(toInput({ model, persona, mode, ttl }));
  return { id: created.id, model, persona, mode, ttl };
}
