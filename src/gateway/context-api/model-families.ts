const CONTEXT_CACHE_MODELS: ReadonlySet<string> = new Set([
  'doubao-1.5-pro-32k',
  'doubao-1.5-lite-32k',
  'doubao-pro-32k',
  'gemini-2.0-flash',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
  'gemini-2.5-pro',
  'gemini-3-pro-preview',
]);

/** Whether the gateway documents context caching for this model. */
export function supportsContextCache(model: string): boolean {
  return CONTEXT_CACHE_MODELS.has(model.toLowerCase());
}

/** Gemini's contexts are prefixes, may expire within an hour and use another chat endpoint. */
export function isGemini(model: string): boolean {
  return model.toLowerCase().startsWith('gemini-');
}
