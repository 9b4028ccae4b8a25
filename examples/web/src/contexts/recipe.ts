import type { ContextMode, CreateContextInput } from 'graphql-context-cache-client';

/** What a context was created from, which the server never returns. */
export interface Recipe {
  persona: string;
  model: string;
  mode: ContextMode;
  /** Seconds. */
  ttl: number;
}

export function inputOf({ persona, model, mode, ttl }: Recipe): CreateContextInput {
  return {
    model,
    messages: [{ role: 'SYSTEM', content: persona }],
    mode,
    ttl,
    // Do not create the same prefix twice.
    reuse: mode === 'COMMON_PREFIX',
  };
}
