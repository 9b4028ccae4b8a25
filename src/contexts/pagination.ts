import type { Caller } from '../auth/caller.js';
import { invalidFields } from '../errors.js';
import type { RequestContext } from '../request-context.js';
import type { ListPosition, OwnedContext, Store } from '../store/store.js';
import { contextKey } from './keys.js';
import { toContextCache } from './records.js';
import type { ContextCacheConnection } from './types.js';

const MAX_FIRST = 100;

/** One page of the caller's contexts, the newest first. */
export async function pageOfContexts(
  store: Store,
  first: number,
  after: string | null,
  request: RequestContext,
): Promise<ContextCacheConnection> {
  if (first < 1 || first > MAX_FIRST) throw invalid('first', `must be 1 to ${MAX_FIRST}`);
  const { caller } = request;
  const list = (count: number, from: ListPosition | null) =>
    store.ownedContexts(caller.id, count, from, request.now());
  const position = after === null ? null : fromCursor(after, caller);
  const found = await list(first + 1, position);
  const [newest] = position === null ? [] : await list(1, null);
  const edges = found
    .slice(0, first)
    .map((owned) => ({ node: toContextCache(owned), cursor: toCursor(owned) }));
  const pageInfo = {
    hasNextPage: found.length > first,
    hasPreviousPage: newest !== undefined && newest.context.key !== found[0]?.context.key,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, pageInfo };
}

/** Made of what never changes, so that a cursor stays valid while other entries come and go. */
function toCursor({ ownedSince, context }: OwnedContext): string {
  return Buffer.from(`${ownedSince} ${context.id}`).toString('base64url');
}

function fromCursor(cursor: string, caller: Caller): ListPosition {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const [, ownedSince, id] = /^(\d{1,15}) (.+)$/s.exec(text) ?? [];
  if (ownedSince === undefined || id === undefined)
    throw invalid('after', 'must be a cursor from `contexts`');
  return { ownedSince: Number(ownedSince), key: contextKey(caller, id) };
}

function invalid(argument: string, message: string): Error {
  return invalidFields([{ path: [argument], message }]);
}
