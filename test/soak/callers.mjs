import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CANARY, SECRET } from './server.mjs';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { usage { promptTokens } } }';
const STREAM = `subscription ($input: ChatInput!) {
  chatStream(input: $input) {
    __typename
    ... on ChatDone { usage { promptTokens } }
    ... on ChatFailure { code }
  }
}`;
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const LIST = `query ($after: String) {
  contexts(first: 100, after: $after) {
    edges { node { id totals { chats promptTokens } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
/** Share of the calls that are aborted before their answer, and the longest time until then. */
const LEAVING = 0.2;
const PATIENCE_MS = 300;

/** A caller with a token that runs concurrent operations and records the answers. */
export class Caller {
  /** Answered chats and their prompt tokens, by context id. */
  answered = new Map();
  /** Counts of outcomes: OK, an error code, `left` (aborted), or `cut` (connection lost). */
  outcomes = new Map();
  /** The name of the outcome when the connection is lost. */
  cut = 'cut';
  #server;
  #random;
  #headers;
  #clients;
  #keys = 0;

  constructor(name, server, random) {
    this.#server = server;
    this.#random = random;
    const authorization = `Bearer ${tokenFor(name)}`;
    this.#headers = { authorization };
    const sse = createSseClient({ url: server.url, headers: this.#headers, retryAttempts: 0 });
    const ws = createWsClient({
      url: server.url.replace('http:', 'ws:'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
    this.#clients = [sse, ws];
  }

  /** Runs several sequences of operations in parallel while `goesOn` returns true. */
  async run(goesOn) {
    const lane = async () => {
      while (goesOn()) {
        await this.#doSomething();
        await pause(this.#random.between(5, 30));
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
  }

  /** Whether calls succeed again within the given time. */
  async isServed(ms) {
    const input = { model: 'm', messages: [{ role: 'SYSTEM', content: CANARY }], mode: 'SESSION' };
    for (const end = performance.now() + ms; performance.now() < end; await pause(200)) {
      const created = await this.#ask(CREATE, { input }).catch(() => undefined);
      if (created) return true;
    }
    return false;
  }

  async leave() {
    for (const client of this.#clients) await client.dispose();
  }

  /** Answered contexts that are missing from the list, or whose totals are too low. */
  async missing() {
    const kept = new Map();
    for (let after = null, more = true; more; ) {
      const { contexts } = await this.#ask(LIST, { after });
      for (const { node } of contexts.edges) kept.set(node.id, node.totals);
      ({ endCursor: after, hasNextPage: more } = contexts.pageInfo);
    }
    return [...this.answered].filter(([id, { chats, promptTokens }]) => {
      const totals = kept.get(id);
      return !totals || totals.chats < chats || totals.promptTokens < promptTokens;
    });
  }

  async #doSomething() {
    const ids = [...this.answered.keys()].slice(-20);
    const what = this.#random.next();
    try {
      if (ids.length === 0 || what < 0.3) await this.#create();
      else if (what < 0.32) await this.#forget(this.#random.pick(ids));
      else if (what < 0.6) await this.#chat(this.#random.pick(ids));
      else await this.#stream(this.#random.pick(ids), this.#random.pick(this.#clients));
    } catch (error) {
      const code = typeof error?.code === 'string' ? error.code : this.cut;
      this.#count(code);
      if (code === this.cut) await pause(200);
    }
  }

  async #create() {
    const mode = this.#random.pick(['SESSION', 'COMMON_PREFIX']);
    const input = {
      model: 'm',
      messages: [{ role: 'SYSTEM', content: `${CANARY} ${this.#random.between(1, 50)}` }],
      mode,
      reuse: mode === 'COMMON_PREFIX' && this.#random.chance(0.5),
      ...(this.#random.chance(0.5) && { idempotencyKey: `${CANARY}-${this.#key()}` }),
    };
    const data = await this.#ask(CREATE, { input }, this.#patience());
    const { id } = data.createContext;
    if (!this.answered.has(id)) this.answered.set(id, { mode, chats: 0, promptTokens: 0 });
    this.#count('OK');
  }

  async #forget(id) {
    // A pending call may still return the same prefix.
    if (this.answered.get(id).mode !== 'SESSION') return;
    this.answered.delete(id);
    await this.#ask(FORGET, { id });
    this.#count('OK');
  }

  async #chat(contextId) {
    const idempotencyKey = this.#random.chance(0.3) ? `${CANARY}-${this.#key()}` : undefined;
    const data = await this.#ask(CHAT, { input: question(contextId, idempotencyKey) }, this.#patience());
    this.#add(contextId, data.chat.usage);
  }

  async #stream(contextId, client) {
    const results = client.iterate({ query: STREAM, variables: { input: question(contextId) } });
    let hasLeft = false;
    const patience = this.#patience();
    patience?.addEventListener('abort', () => {
      hasLeft = true;
      void results.return();
    });
    for await (const { data, errors } of results) {
      if (errors) throw errors[0].extensions;
      const event = data.chatStream;
      if (event.__typename === 'ChatFailure') throw event;
      if (event.__typename === 'ChatDone') return this.#add(contextId, event.usage);
    }
    this.#count(hasLeft ? 'left' : 'ended without a last event');
  }

  async #ask(query, variables, signal) {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    try {
      const response = await fetch(this.#server.url, { method: 'POST', headers, body, signal });
      const { data, errors } = await response.json();
      if (errors) throw errors[0].extensions;
      return data;
    } catch (error) {
      throw signal?.aborted ? { code: 'left' } : error;
    }
  }

  #patience() {
    if (!this.#random.chance(LEAVING)) return undefined;
    return AbortSignal.timeout(this.#random.between(1, PATIENCE_MS));
  }

  #add(id, usage) {
    this.#count('OK');
    const totals = this.answered.get(id);
    if (!totals) return;
    totals.chats++;
    totals.promptTokens += usage?.promptTokens ?? 0;
  }

  #key() {
    return ++this.#keys;
  }

  #count(outcome) {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

function question(contextId, idempotencyKey) {
  return { contextId, messages: [{ role: 'USER', content: CANARY }], idempotencyKey };
}

function tokenFor(sub) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 86_400;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
