import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Share of faulty responses, and of chats on a prefix that report a lost context. */
const FAULTS = 0.12;
const LOST = 0.03;

/** The faults that replace a response. */
const faults = [
  (response) => send(response, 500, '<html>', 'text/html'),
  (response) => send(response, 502, '<html>', 'text/html'),
  (response) => send(response, 503, ''),
  (response) => send(response, 429, '{"error":{"code":"RateLimitExceeded","message":""}}'),
  (response) => send(response, 200, '{"id":'),
  (response) => send(response, 200, '[]'),
  (response) => response.destroy(),
  (response) => response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
  // No response, or an unfinished one, until the server gives up.
  () => undefined,
  (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n'),
];

/** A gateway that fails at random and has temporary outages. */
export class Gateway {
  /** Requests neither answered nor aborted. */
  running = 0;
  requests = 0;
  isDead = false;
  /** Whether faults are switched off. */
  isWell = false;
  #modes = new Map();
  #created = 0;
  #random;
  #server = createServer((request, response) => void this.#answer(request, response));

  constructor(random) {
    this.#random = random;
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
    if (this.isDead) response.destroy();
    else if (this.#fails()) this.#random.pick(faults)(response);
    else if (request.url === '/v1/context/create') this.#create(response, sent);
    else await this.#chat(response, sent);
  }

  #fails() {
    return !this.isWell && this.#random.chance(FAULTS);
  }

  #create(response, { mode = 'session', ttl = 86_400 }) {
    const id = `ctx-${++this.#created}`;
    this.#modes.set(id, mode);
    send(response, 200, JSON.stringify({ id, mode, ttl, usage: this.#usage() }));
  }

  async #chat(response, { context_id: id, stream }) {
    const isPrefix = this.#modes.get(id) === 'common_prefix';
    const isLost = !this.#modes.has(id) || (isPrefix && this.#random.chance(LOST));
    if (isLost) {
      this.#modes.delete(id);
      send(response, 404, '{"error":{"code":"NotFound","message":"the context was not found"}}');
    } else if (stream) {
      await this.#stream(response);
    } else {
      const choices = [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }];
      send(response, 200, JSON.stringify({ id: 'chat', model: 'm', choices, usage: this.#usage() }));
    }
  }

  async #stream(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (choices, usage = null) =>
      response.write(`data: ${JSON.stringify({ id: 'chat', model: 'm', choices, usage })}\n\n`);
    const breaksAfter = this.#fails() ? this.#random.between(0, 9) : Number.POSITIVE_INFINITY;
    for (let part = 0; part < 10; part++) {
      if (part >= breaksAfter) return response.destroy();
      say([{ index: 0, delta: { content: `${part} ` }, finish_reason: null }]);
      await pause(this.#random.between(0, 5));
    }
    say([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    say([], this.#usage());
    response.end('data: [DONE]\n\n');
  }

  #usage() {
    const prompt = this.#random.between(10, 1_000);
    const cached = this.#random.between(0, prompt);
    return {
      prompt_tokens: prompt,
      completion_tokens: 5,
      total_tokens: prompt + 5,
      prompt_tokens_details: { cached_tokens: cached },
    };
  }
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
