import { parse } from 'content-type';
import Negotiator from 'negotiator';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';
export const EVENT_STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** How the client wants to be answered, from its `Accept`. */
export interface Accepted {
  /** The media type of an answer that is not streamed. */
  type: typeof JSON_TYPE | typeof GRAPHQL_TYPE;
  /**
   * What is answered as server-sent events: everything where the client ranks them first; subscriptions, which have no
   * other answer, where it names them at all.
   */
  streams: 'everything' | 'subscriptions' | 'nothing';
}

/** Clients send few different headers again and again, and reading one costs up to a tenth of an operation. */
const LONGEST_KEPT = 256;
const MOST_KEPT = 100;
const kept = new Map<string, Accepted | null>();

/** null: the client accepts nothing that is served here. */
export function acceptedBy(accept: string | undefined): Accepted | null {
  // An empty header says nothing, as a missing one.
  const header = accept || '*/*';
  const known = kept.get(header);
  if (known !== undefined) return known;
  const accepted = negotiate(header.toLowerCase());
  if (kept.size >= MOST_KEPT) kept.clear();
  if (header.length <= LONGEST_KEPT) kept.set(header, accepted);
  return accepted;
}

/** Whether a browser asks for a page: it ranks HTML before every media type of GraphQL. */
export function prefersHtml(accept: string | undefined): boolean {
  const offered = [JSON_TYPE, GRAPHQL_TYPE, EVENT_STREAM_TYPE, 'text/html'];
  return new Negotiator({ headers: { accept } }).mediaType(offered) === 'text/html';
}

/** Whether a body of this `Content-Type` is JSON in UTF-8, the charset where none is named. */
export function isJson(contentType: string | undefined): boolean {
  // What nearly every client sends.
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
  // `*/*` comes from clients that know nothing of streams: they get an error that tells them what to send.
  return { type, streams: client.mediaTypes().includes('text/event-stream') ? 'subscriptions' : 'nothing' };
}
