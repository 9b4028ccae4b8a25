import { setTimeout as pause } from 'node:timers/promises';
import { Client } from './client.mjs';
import { WHOLE_STREAM } from './gateway.mjs';
import { CANARY, marker } from './marker.mjs';
import { FULL } from './timeline.mjs';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT =
  'mutation ($input: ChatInput!) { chat(input: $input) { usage { promptTokens completionTokens } } }';
const STREAM = `subscription ($input: ChatInput!) {
  chatStream(input: $input) {
    __typename
    ... on ChatDone { usage { promptTokens completionTokens } }
    ... on ChatFailure { code message }
  }
}`;
const EVENTS = `
  __typename
  ... on ChatStarted { runId }
  ... on ChatDelta { seq content }
  ... on ChatDone { usage { promptTokens completionTokens } }
  ... on ChatFailure { code message }
`;
const START_RUN = `subscription ($input: ChatInput!) { chatStream(input: $input) { ${EVENTS} } }`;
const RESUME_RUN = `subscription ($runId: ID!, $after: Int!) { resumeChat(runId: $runId, after: $after) { ${EVENTS} } }`;
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const LIST = `query ($after: String) {
  contexts(first: 100, after: $after) {
    edges { node { id totals { chats promptTokens completionTokens } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const REPORT = 'query { cacheReport { totals { chats promptTokens completionTokens estimatedTokens } } }';
/** Share of the calls that are left before their answer, and the milliseconds after which they are at the latest. */
const LEAVING = 0.2;
const PATIENCE_MS = 300;
/** How often a request is sent under its key until it is known what came of it. */
const MAX_SENT = 6;
/** Outcomes after which a request is not sent again under its key. */
const CONCLUDED = /^(OK|OUTCOME_UNKNOWN|CONTEXT_NOT_FOUND|QUOTA_EXCEEDED)$/;
/** What was refused before it was sent, and counts nothing. */
const REFUSED = /^(RATE_LIMITED|QUOTA_EXCEEDED)$/;

/** A caller with a token that runs concurrent operations and records the answers. */
export class Caller {
  /** By id: the message it was created with, and the chats and prompt tokens that were answered, and counted. */
  answered = new Map();
  /** The message of each chat that was answered, and the tokens that it was said to use. */
  chats = [];
  /** How often each came. */
  outcomes = new Map();
  /** Chats that were not answered and may have been counted. */
  unknown = 0;
  /** What no answer should have said. */
  problems = [];
  #client;
  #random;
  #timeline;
  #maxTokens;
  #numbers = 0;

  constructor(name, world, random, maxTokens = 5) {
    this.name = name;
    this.#random = random;
    this.#timeline = world.timeline;
    this.#maxTokens = maxTokens;
    this.#client = new Client(name, world, random);
  }

  /** Runs several sequences of operations in parallel while `goesOn` returns true. */
  async run(goesOn) {
    const lane = async () => {
      while (goesOn()) {
        const outcome = await this.#doSomething();
        await pause(this.#random.between(5, outcome === 'cut' ? 200 : 30));
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
  }

  leave() {
    return this.#client.leave();
  }

  /** Ids of contexts of a mode, the newest last. */
  idsOf(mode) {
    return [...this.answered].filter(([, context]) => context.mode === mode).map(([id]) => id);
  }

  create({ mode = this.#pickMode(), reuse, isKeyed = false, isPatient = false } = {}) {
    const kind = reuse ? 'shared' : isKeyed ? 'once' : 'any';
    const content = marker(this.name, kind, reuse ?? this.#number());
    const input = { model: 'm', messages: [{ role: 'SYSTEM', content }], mode, reuse: reuse !== undefined };
    return this.#send(CREATE, input, isKeyed, isPatient, (data) => {
      const { id } = data.createContext;
      if (!this.answered.has(id)) this.answered.set(id, { mode, text: content, chats: 0, promptTokens: 0 });
    });
  }

  chat(contextId, { isKeyed = false, isPatient = false } = {}) {
    const input = this.#question(contextId, isKeyed);
    return this.#send(CHAT, input, isKeyed, isPatient, (data, from) =>
      this.#add(input, data.chat.usage, from),
    );
  }

  async stream(contextId, isPatient = false) {
    const input = this.#question(contextId, false);
    const signal = isPatient ? undefined : this.#patience();
    const result = await this.#client.stream(STREAM, { input }, { signal });
    if (result.data) this.#add(input, result.data.chatStream.usage, result.from);
    return this.#note(result, input);
  }

  /** A chat that goes on when it is left, and is resumed at either server: its text must have no gap and no repeat. */
  async goOn(contextId) {
    const input = {
      ...this.#question(contextId, true),
      idempotencyKey: this.#key(),
      onDisconnect: 'CONTINUE',
    };
    const seen = { runId: undefined, seq: 0, text: '' };
    let result;
    for (let watched = 0; watched < MAX_SENT && !result?.isOver; watched++) {
      if (watched > 0) await pause(this.#random.between(50, 500));
      const options = { signal: watched < MAX_SENT - 1 ? this.#patience() : undefined };
      result = seen.runId
        ? await this.#client.watch(RESUME_RUN, { runId: seen.runId, after: seen.seq }, seen, options)
        : await this.#client.watch(START_RUN, { input }, seen, options);
    }
    const isWhole = result.done ? seen.text === WHOLE_STREAM : WHOLE_STREAM.startsWith(seen.text);
    if (!isWhole) this.problems.push(`a run was resumed as ${JSON.stringify(seen.text)}`);
    if (result.done) this.#add(input, result.done.usage, result.from);
    return this.#note({ ...result, data: result.done }, input);
  }

  /** One request so many times on one connection, under one key. */
  async pipeline(contextId, times) {
    const input = { ...this.#question(contextId, true), idempotencyKey: this.#key() };
    const results = await this.#client.pipeline(CHAT, { input }, times);
    this.#conclude(results, input, (data, from) => this.#add(input, data.chat.usage, from));
  }

  /** What it has, by id. */
  async kept() {
    const kept = new Map();
    for (let after = null, more = true; more; ) {
      const { contexts } = (await this.#client.ask(LIST, { after })).data;
      for (const { node } of contexts.edges) kept.set(node.id, node.totals);
      ({ endCursor: after, hasNextPage: more } = contexts.pageInfo);
    }
    return kept;
  }

  async report() {
    return (await this.#client.ask(REPORT, {})).data.cacheReport.totals;
  }

  #doSomething() {
    const ids = [...this.answered.keys()].slice(-20);
    const what = this.#random.next();
    const isKeyed = this.#random.chance(0.3);
    if (ids.length === 0 || what < 0.3) {
      const reuse = this.#random.chance(0.2) ? `p${this.#random.between(1, 5)}` : undefined;
      return reuse ? this.create({ mode: 'COMMON_PREFIX', reuse }) : this.create({ isKeyed });
    }
    if (what < 0.32) return this.#forget(this.#random.pick(ids));
    if (what < 0.42) return this.goOn(this.#random.pick(ids));
    if (what < 0.65) return this.chat(this.#random.pick(ids), { isKeyed });
    return this.stream(this.#random.pick(ids));
  }

  async #forget(id) {
    // A prefix may be given out again by a call that is still on its way.
    if (this.answered.get(id)?.mode !== 'SESSION') return undefined;
    this.answered.delete(id);
    return this.#note(await this.#client.ask(FORGET, { id }), {});
  }

  async #send(query, input, isKeyed, isPatient, onAnswer) {
    const ask = (asked) =>
      this.#client.ask(query, { input: asked }, { signal: isPatient ? undefined : this.#patience() });
    if (isKeyed) return this.#conclude(await this.#sendKeyed(input, ask), input, onAnswer);
    const result = await ask(input);
    if (result.data) onAnswer(result.data, result.from);
    return this.#note(result, input);
  }

  /** Until it is known what came of it, now and then several times at once, and once more when it is known. */
  async #sendKeyed(input, ask) {
    const results = [];
    const keyed = { ...input, idempotencyKey: this.#key() };
    for (let sent = 0; sent < MAX_SENT && !results.some(isConcluded); sent++) {
      if (sent > 0) await pause(this.#random.between(50, 500));
      const copies = this.#random.chance(0.2) ? 3 : 1;
      results.push(...(await Promise.all(Array.from({ length: copies }, () => ask(keyed)))));
    }
    if (this.#random.chance(0.1)) results.push(await ask(keyed));
    return results;
  }

  /** All answers under one key are the same, and count as one. */
  #conclude(results, input, onAnswer) {
    for (const { outcome } of results) this.#count(outcome);
    // What a server had reserved when it was killed stays counted, also where a later request under the key was answered.
    const lost = results.filter(({ data, outcome }) => !data && !REFUSED.test(outcome)).length;
    this.unknown += input.contextId ? lost : 0;
    const answers = results.filter(({ data }) => data);
    const different = new Set(answers.map(({ data }) => JSON.stringify(data)));
    if (different.size > 1) this.problems.push(`one key was answered in ${different.size} ways`);
    const from = Math.min(...results.map((result) => result.from));
    const { outcome } = results.at(-1);
    if (answers.length > 0) onAnswer(answers[0].data, from);
    else this.#lookFor(results.find((result) => !REFUSED.test(result.outcome))?.outcome ?? outcome, input);
    return answers.length > 0 ? 'OK' : outcome;
  }

  #note({ outcome, data }, input) {
    this.#count(outcome);
    if (!data) this.#miss(outcome, input);
    return outcome;
  }

  #miss(outcome, { contextId }) {
    if (contextId && !REFUSED.test(outcome)) this.unknown++;
    this.#lookFor(outcome, { contextId });
  }

  #lookFor(outcome, { contextId }) {
    if (outcome === 'CONTEXT_NOT_FOUND') this.#lose(contextId);
  }

  /** The gateway may lose a prefix for good, by losing it twice in a row. */
  #lose(id) {
    const context = this.answered.get(id);
    if (context?.mode === 'SESSION') this.problems.push(`${id} is a session, was answered and is not found`);
    this.answered.delete(id);
  }

  #question(contextId, isKeyed) {
    const isOnce = isKeyed || this.answered.get(contextId)?.mode === 'SESSION';
    const content = marker(this.name, isOnce ? 'once' : 'any', this.#number());
    return { contextId, messages: [{ role: 'USER', content }], maxTokens: this.#maxTokens };
  }

  #add(input, { promptTokens, completionTokens }, from) {
    const { contextId, messages } = input;
    const { content: text } = messages[0];
    this.chats.push({ text, tokens: promptTokens + completionTokens, from });
    const totals = this.answered.get(contextId);
    // An answer that comes while the store takes no writes is passed on, and not counted.
    if (!totals || this.#timeline.had([FULL], { from })) return;
    totals.chats++;
    totals.promptTokens += promptTokens;
  }

  #patience() {
    if (!this.#random.chance(LEAVING)) return undefined;
    return AbortSignal.timeout(this.#random.between(1, PATIENCE_MS));
  }

  #pickMode() {
    return this.#random.pick(['SESSION', 'COMMON_PREFIX']);
  }

  #key() {
    return `${CANARY}-${this.#number()}`;
  }

  #number() {
    return ++this.#numbers;
  }

  #count(outcome) {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

function isConcluded({ outcome }) {
  return CONCLUDED.test(outcome);
}
