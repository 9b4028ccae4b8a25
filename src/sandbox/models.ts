import { ApiError } from './api-error.js';

/** The models for which the gateway documents context caching, and one of those that only the Responses API caches for. */
const MODELS = [
  'Doubao-1.5-pro-32k',
  'Doubao-1.5-lite-32k',
  'Doubao-pro-32k',
  'doubao-seed-1-6-251015',
  'gemini-2.0-flash',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
  'gemini-2.5-pro',
  'gemini-3-pro-preview',
];

export function listModels() {
  const data = MODELS.map((id) => ({
    id,
    object: 'model',
    created: 1_626_777_600,
    owned_by: isGemini(id) ? 'vertex-ai' : 'volcengine',
    supported_endpoint_types: ['openai'],
    ...(isSeed(id) && { features: { cache: { prefix_cache: true, session_cache: true } } }),
  }));
  return { object: 'list', success: true, data };
}

export function requireModel(model: string): void {
  if (MODELS.includes(model)) return;
  throw new ApiError(
    404,
    'InvalidEndpointOrModel.NotFound',
    'The model does not exist. See /v1/models.',
    'model',
  );
}

/** Only the Responses API has a cache for these, and Ark's list of models says so. */
export function isSeed(model: string): boolean {
  return model.startsWith('doubao-seed-');
}

export function requireContextApi(model: string): void {
  if (!isSeed(model)) return;
  throw new ApiError(400, 'InvalidParameter', 'The model does not support the Context API.', 'model');
}

export function requireResponses(model: string): void {
  if (!isGemini(model)) return;
  throw new ApiError(400, 'InvalidParameter', 'The model does not support the Responses API.', 'model');
}

export function isGemini(model: string): boolean {
  return model.startsWith('gemini-');
}

/** Gemini does not cache shorter prompts. */
export function minCacheableTokens(model: string): number {
  if (!isGemini(model)) return 0;
  return model.includes('-pro') ? 4_096 : 1_024;
}
