import { invalidFields, theModel } from '../../errors.js';
import type { CacheCapabilities } from '../../gateway/caching-api.js';
import { ContextMode } from '../../gateway/types.js';
import type { CreateContextInput } from '../input.js';

/** Throws BAD_USER_INPUT for what the API that serves the model cannot do. */
export function checkModelRules(input: CreateContextInput, capabilities: CacheCapabilities): void {
  const fields = problemsOf(input, capabilities).map(([name, message]) => ({
    path: ['input', name],
    message,
  }));
  if (fields.length > 0) throw invalidFields(fields);
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

function problemsOf(input: CreateContextInput, capabilities: CacheCapabilities): [string, string][] {
  const { model, mode, ttl, truncationStrategy, reuse } = input;
  const { modes } = capabilities;
  const problems: [string, string][] = [];
  const used = mode ?? modes[0];
  if (mode != null && !modes.includes(mode))
    problems.push(['mode', `must be ${modes.join(' or ')} with ${theModel(model)}`]);
  const problem = ttlProblem(ttl, capabilities);
  if (problem) problems.push(['ttl', `${problem} with ${theModel(model)}`]);
  if (truncationStrategy && used !== ContextMode.SESSION)
    problems.push(['truncationStrategy', 'may only be used with mode SESSION']);
  if (reuse && used !== ContextMode.COMMON_PREFIX)
    problems.push(['reuse', 'may only be used with mode COMMON_PREFIX']);
  return problems;
}
