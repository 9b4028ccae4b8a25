import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import type { Dispatcher, RequestInit } from 'undici';

const TIMEOUT_MS = 5_000;
/** How long the last keys are used while their URL is unavailable. */
export const KEPT_MS = 24 * 60 * 60_000;

/** The keys that an issuer publishes; jose fetches them anew every ten minutes. `now`: milliseconds since the epoch. */
export function publishedKeys(url: string, now: () => number, proxy?: Dispatcher): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: keepingLast(fetchThrough(proxy), now),
  });
}

/** Uses the last keys if none can be fetched, so that an outage of the issuer locks nobody out. */
export function keepingLast(fetchKeys: FetchImplementation, now: () => number): FetchImplementation {
  let last: { keys: string; at: number } | undefined;
  const kept = () => (last && now() - last.at < KEPT_MS ? new Response(last.keys) : undefined);
  return async (...request) => {
    try {
      const response = await fetchKeys(...request);
      const keys = response.status === 200 ? await response.text() : undefined;
      if (keys === undefined) return kept() ?? response;
      if (!holdsKeys(keys)) return kept() ?? new Response(keys);
      last = { keys, at: now() };
      return new Response(keys);
    } catch (error) {
      const answer = kept();
      if (answer) return answer;
      throw error;
    }
  };
}

function holdsKeys(text: string): boolean {
  try {
    const { keys } = JSON.parse(text);
    return Array.isArray(keys) && keys.length > 0;
  } catch {
    return false;
  }
}

/**
 * Not with the `fetch` of Node 20, where a timer of a connection that was garbage-collected throws outside of any request. A proxy's
 * dispatcher needs undici's own anyway.
 */
function fetchThrough(dispatcher: Dispatcher | undefined): FetchImplementation {
  return async (url, options) => {
    const { fetch } = await import('undici');
    return (await fetch(url, { ...options, dispatcher } as unknown as RequestInit)) as unknown as Response;
  };
}
