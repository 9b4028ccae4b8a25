import { createHmac } from 'node:crypto';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { Client as HttpClient } from 'undici';
import WebSocket from 'ws';
import { SECRET } from './server.mjs';
import { FULL, RESTART } from './timeline.mjs';

/** Milliseconds around trouble in which what it causes may still come. */
const TROUBLE_MS = 1_000;

/** What one caller sends, over all transports, to one of the servers at random; nothing is thrown. */
export class Client {
  #fleet;
  #random;
  #timeline;
  #headers;
  #streaming = new Map();

  constructor(name, { fleet, timeline }, random) {
    this.#fleet = fleet;
    this.#random = random;
    this.#timeline = timeline;
    this.#headers = { authorization: `Bearer ${tokenFor(name)}` };
  }

  /** `outcome`: OK, the code of an error, `left`, or `cut` where the connection broke. */
  async ask(query, variables, { signal, url = this.#pick() } = {}) {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    const from = Date.now();
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      return this.#read(await response.json(), from);
    } catch (error) {
      return signal?.aborted ? { outcome: 'left', from } : this.#broken(error, from);
    }
  }

  /** The same request many times on one connection, without waiting for answers. */
  async pipeline(query, variables, times) {
    const url = new URL(this.#pick());
    const client = new HttpClient(url.origin, { pipelining: times });
    const request = {
      method: 'POST',
      path: url.pathname,
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      // For undici alone, which otherwise waits.
      idempotent: true,
    };
    const from = Date.now();
    const askOnce = async () => {
      try {
        const { body } = await client.request(request);
        return this.#read(await body.json(), from);
      } catch (error) {
        return this.#broken(error, from);
      }
    };
    const results = await Promise.all(Array.from({ length: times }, askOnce));
    await client.close();
    return results;
  }

  /** `data`: of the last event. `signal`: leaves in the middle. */
  async stream(query, variables, { signal } = {}) {
    const results = this.#pickStreaming().iterate({ query, variables });
    signal?.addEventListener('abort', () => void results.return());
    const from = Date.now();
    try {
      for await (const result of results) {
        const read = this.#read(result, from);
        const event = read.data?.chatStream;
        if (event?.__typename === 'ChatFailure') return this.#refused(event, from);
        if (read.outcome !== 'OK' || event.__typename === 'ChatDone') return read;
      }
      return { outcome: signal?.aborted ? 'left' : 'ended without a last event', from };
    } catch (error) {
      if (signal?.aborted) return { outcome: 'left', from };
      const [first] = [error].flat();
      return first?.extensions ? this.#read({ errors: [first] }, from) : this.#broken(error, from);
    }
  }

  /** Watches a run from where `seen` is to its end, or to where it is cut; adds what comes to `seen`. */
  async watch(query, variables, seen, { signal } = {}) {
    const results = this.#pickStreaming().iterate({ query, variables });
    signal?.addEventListener('abort', () => void results.return());
    const from = Date.now();
    try {
      for await (const result of results) {
        const read = this.#read(result, from);
        const [event] = Object.values(read.data ?? {});
        if (event?.__typename === 'ChatFailure') return { ...this.#refused(event, from), isOver: true };
        if (read.outcome !== 'OK' || event.__typename === 'ChatDone')
          return { ...read, done: event, isOver: true };
        seen.runId = event.runId ?? seen.runId;
        seen.seq = event.seq ?? seen.seq;
        seen.text += event.content ?? '';
      }
      return { outcome: signal?.aborted ? 'left' : 'ended without a last event', from };
    } catch (error) {
      if (signal?.aborted) return { outcome: 'left', from };
      const [first] = [error].flat();
      return first?.extensions
        ? { ...this.#read({ errors: [first] }, from), isOver: true }
        : this.#broken(error, from);
    }
  }

  async leave() {
    for (const client of [...this.#streaming.values()].flat()) await client.dispose();
  }

  #pick() {
    return this.#fleet.pick(this.#random).url;
  }

  #pickStreaming() {
    const url = this.#pick();
    let clients = this.#streaming.get(url);
    if (!clients) {
      clients = this.#connect(url);
      this.#streaming.set(url, clients);
    }
    return this.#random.pick(clients);
  }

  #connect(url) {
    const sse = createSseClient({ url, headers: this.#headers, retryAttempts: 0 });
    const ws = createWsClient({
      url: url.replace('http:', 'ws:'),
      webSocketImpl: WebSocket,
      connectionParams: this.#headers,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
    return [sse, ws];
  }

  #read({ data, errors }, from) {
    if (!errors) return { outcome: 'OK', data, from };
    return this.#refused({ ...errors[0].extensions, message: errors[0].message }, from);
  }

  #refused({ code, message }, from) {
    if (code !== 'INTERNAL_SERVER_ERROR') return { outcome: code, from };
    // A run whose process was killed, which is seen once its lease has expired.
    if (message.startsWith('The server process that had this chat has ended'))
      return { outcome: 'interrupted', from };
    const isTrouble = this.#timeline.had([...RESTART, FULL], { from, within: TROUBLE_MS });
    const isMeant = isTrouble && !message.startsWith('Something went wrong');
    return { outcome: isMeant ? 'refused in trouble' : `${code}: ${message}`, from };
  }

  #broken(error, from) {
    const isTrouble = this.#timeline.had(RESTART, { from, within: TROUBLE_MS });
    return { outcome: isTrouble ? 'cut' : `cut by a server that was there: ${error?.cause ?? error}`, from };
  }
}

function tokenFor(sub) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 86_400;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
