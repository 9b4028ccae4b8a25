import type { FieldError } from 'graphql-context-cache-client';
import { badUserInput } from '../errors.js';
import type { CacheCapabilities } from '../gateway/caching-api.js';
import { ContextMode } from '../gateway/types.js';
import type { CreateContextInput } from './input.js';

/** Throws BAD_USER_INPUT for what the API that serves the model cannot do. */
export function checkModelRules(input: CreateContextInput, capabilities: CacheCapabilities): void {
  const { model, ttl, mode, reuse } = input;
  const fields: FieldError[] = [];
  const problem = ttlProblem(ttl, capabilities);
  if (problem) fields.push({ path: ['input', 'ttl'], message: `${problem} with the model ${model}` });
  if (reuse && (mode ?? capabilities.modes[0]) !== ContextMode.COMMON_PREFIX)
    fields.push({ path: ['input', 'reuse'], message: 'may only be used with mode COMMON_PREFIX' });
  if (fields.length === 0) return;
  throw badUserInput(fields.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '), fields);
}

/** Completes "<path> ..."; null if the ttl is within the bounds. */
export function ttlProblem(
  ttl: number | null | undefined,
  { minTtl, maxTtl }: CacheCapabilities,
): string | null {
  const [min, max] = [minTtl ?? 1, maxTtl ?? Number.POSITIVE_INFINITY];
  if (ttl == null || (ttl >= min && ttl <= max)) return null;
  return `must be ${Number.isFinite(max) ? `${min} to ${max}` : `at least ${min}`} seconds`;
}
