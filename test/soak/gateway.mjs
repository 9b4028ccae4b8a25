import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readMarker } from './marker.mjs';

/** Share of faulty responses, and of chats on a prefix that report a lost context. */
const FAULTS = 0.12;
const LOST = 0.03;
/** Events of a stream, each billed as one token. */
const PARTS = 10;
const QUESTION_TOKENS = 3;
/** The text of a whole stream. */
export const WHOLE_STREAM = Array.from({ length: PARTS }, (_, part) => `${part} `).join('');

/** What goes wrong instead of an answer: before the request is processed, */
const refusals = [
  (response) => send(response, 503, ''),
  (response) => send(response, 429, '{"error":{"code":"RateLimitExceeded","message":""}}'),
];
/** and where nobody can tell whether it was. */
const losses = [
  (response) => send(response, 502, '<html>', 'text/html'),
  (response) => send(response, 200, '{"id":'),
  (response) => send(response, 200, '[]'),
  (response) => response.destroy(),
  (response) => response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
  // No response, or an unfinished one, until the server gives up.
  () => undefined,
  (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n'),
];
/** Likewise, but a failure of the gateway's own is not billed. */
const failure = (response) => send(response, 500, '<html>', 'text/html');

/** A gateway that fails at random, and is dead for a while now and then. It enters what it processes in a ledger. */
export class Gateway {
  /** Requests neither answered nor aborted. */
  running = 0;
  requests = 0;
  /** Contexts that were created, whether or not the answer arrived. */
  created = 0;
  isDead = false;
  /** Whether faults are switched off. */
  isWell = false;
  #contexts = new Map();
  #ledger;
  #random;
  #server = createServer((request, response) => void this.#answer(request, response));

  constructor(random, ledger) {
    this.#random = random;
    this.#ledger = ledger;
  }

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  connections() {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request, response) {
    this.requests++;
    this.running++;
    response.on('error', () => undefined).once('close', () => this.running--);
    const sent = await readJson(request);
    if (sent === undefined) return;
    await pause(this.#random.between(0, 20));
    const isChat = request.url !== '/v1/context/create';
    if (this.isDead) response.destroy();
    else if (this.#fails()) this.#fail(isChat, sent, response);
    else if (isChat) await this.#chat(response, sent);
    else this.#create(response, sent);
  }

  #fails() {
    return !this.isWell && this.#random.chance(FAULTS);
  }

  #fail(isChat, sent, response) {
    const fault = this.#random.pick([...refusals, ...losses, failure]);
    const isProcessed = !refusals.includes(fault) && this.#random.chance(0.5);
    if (isProcessed) {
      const entry = isChat ? this.#processChat(sent)?.entry : this.#processCreate(sent).entry;
      // Of a stream, nothing was made yet.
      if (entry && (fault === failure || sent.stream)) entry.billed = 0;
      if (entry) endWith(entry, response, false);
    }
    fault(response);
  }

  #create(response, sent) {
    const { id, entry, usage } = this.#processCreate(sent);
    const { mode = 'session', ttl = 86_400 } = sent;
    endWith(entry, response);
    send(response, 200, JSON.stringify({ id, mode, ttl, usage }));
  }

  #processCreate({ mode = 'session', messages }) {
    const id = `ctx-${++this.created}`;
    const usage = usageOf(this.#random.between(1, QUESTION_TOKENS), 0, this.#random);
    const entry = this.#ledger.enter(readMarker(messages), {
      operation: 'create',
      contextId: id,
      billed: usage.total_tokens,
    });
    this.#contexts.set(id, { mode, tokens: usage.prompt_tokens, entry });
    return { id, entry, usage };
  }

  async #chat(response, sent) {
    const processed = this.#processChat(sent);
    if (!processed) {
      send(response, 404, '{"error":{"code":"NotFound","message":"the context was not found"}}');
      return;
    }
    const { entry, usage } = processed;
    endWith(entry, response);
    if (sent.stream) {
      await this.#stream(response, entry, usage);
    } else {
      const choices = [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }];
      send(response, 200, JSON.stringify({ id: 'chat', model: 'm', choices, usage }));
    }
  }

  /** undefined: the context is lost. */
  #processChat({ context_id: id, messages, stream, max_tokens: most }) {
    const context = this.#contexts.get(id);
    if (!context) return undefined;
    if (context.mode === 'common_prefix' && this.#random.chance(LOST)) {
      this.#contexts.delete(id);
      context.entry.isLost = true;
      return undefined;
    }
    const completion = stream ? PARTS : this.#random.between(1, most);
    const usage = usageOf(context.tokens + QUESTION_TOKENS, completion, this.#random);
    const facts = { operation: 'chat', contextId: id, billed: usage.total_tokens, isStream: stream === true };
    return { usage, entry: this.#ledger.enter(readMarker(messages), facts) };
  }

  /** Bills the parts that it has sent. */
  async #stream(response, entry, usage) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (choices, told = null) =>
      response.write(`data: ${JSON.stringify({ id: 'chat', model: 'm', choices, usage: told })}\n\n`);
    const breaksAfter = this.#fails() ? this.#random.between(0, PARTS - 1) : Number.POSITIVE_INFINITY;
    entry.billed = usage.prompt_tokens;
    for (let part = 0; part < PARTS; part++) {
      if (part >= breaksAfter || response.destroyed) return response.destroy();
      say([{ index: 0, delta: { content: `${part} ` }, finish_reason: null }]);
      entry.billed++;
      await pause(this.#random.between(0, 5));
    }
    say([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    say([], usage);
    response.end('data: [DONE]\n\n');
  }
}

/** Notes whether the answer went out whole. */
function endWith(entry, response, isAnswer = true) {
  response.once('close', () => {
    entry.endedAt = Date.now();
    entry.isTold = isAnswer && response.writableFinished;
  });
}

function usageOf(prompt, completion, random) {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: random.between(0, prompt) },
  };
}

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type }).end(body);
}

/** undefined: the body was incomplete. */
async function readJson(request) {
  try {
    const chunks = await request.toArray();
    return JSON.parse(Buffer.concat(chunks).toString() || '{}');
  } catch {
    return undefined;
  }
}
