import { parse } from 'content-type';
import Negotiator from 'negotiator';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';
export const EVENT_STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** What the client accepts, from its `Accept`. */
export interface Accepted {
  /** The media type of a response that is not streamed. */
  type: typeof JSON_TYPE | typeof GRAPHQL_TYPE;
  /**
   * What is sent as server-sent events: everything where the client ranks them first; subscriptions, which have no
   * other form, where it names them at all.
   */
  streams: 'everything' | 'subscriptions' | 'nothing';
}

/** Clients repeat the same few headers, and parsing one costs up to a tenth of an operation. */
const MAX_CACHED_LENGTH = 256;
const MAX_CACHED = 100;
const cache = new Map<string, Accepted | null>();

/** null: the client accepts no media type that is served here. */
export function acceptedBy(accept: string | undefined): Accepted | null {
  // An empty header means the same as a missing one.
  const header = accept || '*/*';
  const cached = cache.get(header);
  if (cached !== undefined) return cached;
  const accepted = negotiate(header.toLowerCase());
  if (cache.size >= MAX_CACHED) cache.clear();
  if (header.length <= MAX_CACHED_LENGTH) cache.set(header, accepted);
  return accepted;
}

/** Whether a browser wants a page: it ranks HTML before every media type of GraphQL. */
export function prefersHtml(accept: string | undefined): boolean {
  const offered = [JSON_TYPE, GRAPHQL_TYPE, EVENT_STREAM_TYPE, 'text/html'];
  return new Negotiator({ headers: { accept } }).mediaType(offered) === 'text/html';
}

/** Whether a body of this `Content-Type` is JSON in UTF-8, which is the default charset. */
export function isJson(contentType: string | undefined): boolean {
  // Nearly every client sends this.
  if (contentType === 'application/json') return true;
  const { type, parameters } = parse(contentType ?? '');
  return type === 'application/json' && /^utf-?8$/i.test(parameters.charset ?? 'utf-8');
}

function negotiate(accept: string): Accepted | null {
  const client = new Negotiator({ headers: { accept } });
  const first = client.mediaType([JSON_TYPE, GRAPHQL_TYPE, EVENT_STREAM_TYPE]);
  if (first === undefined) return null;
  const type = client.mediaType([JSON_TYPE, GRAPHQL_TYPE]) === GRAPHQL_TYPE ? GRAPHQL_TYPE : JSON_TYPE;
  if (first === EVENT_STREAM_TYPE) return { type, streams: 'everything' };
  // Clients that send `*/*` do not read streams: they get an error that tells them what to send.
  return { type, streams: client.mediaTypes().includes('text/event-stream') ? 'subscriptions' : 'nothing' };
}
