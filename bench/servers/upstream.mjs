/** The gateway behind all candidates: it answers immediately and validates nothing. */

import { createServer } from 'node:http';
import { listen } from './listen.mjs';

const MODEL = 'Doubao-1.5-pro-32k';
const USAGE = {
  prompt_tokens: 23,
  completion_tokens: 100,
  total_tokens: 123,
  prompt_tokens_details: { cached_tokens: 8 },
};
let contexts = 0;
/** Functions that end the open streams. @type {Set<() => void>} */
const held = new Set();

const server = createServer(async (request, response) => {
  const body = await readText(request);
  if (request.url === '/v1/context/create') return answer(response, createContext(JSON.parse(body)));
  if (request.url === '/v1/context/chat/completions') return chat(response, JSON.parse(body));
  if (request.url === '/v1/models') return answer(response, models());
  if (request.url === '/let-go') {
    for (const end of held) end();
    return answer(response, {});
  }
  response.writeHead(404).end();
});
await listen(server, '/v1');

function createContext({ mode = 'session', ttl = 86_400 }) {
  contexts += 1;
  return {
    id: `ctx-20261123091842-${contexts}`,
    ttl,
    truncation_strategy: { type: 'rolling_tokens', rolling_tokens: true },
    usage: USAGE,
    mode,
  };
}

/** The question defines its answer: `{ chunks, everyMs }`, or `{ hold: true }` for one chunk and then silence. */
function chat(response, { stream, messages }) {
  if (!stream) {
    const message = { role: 'assistant', content: '好的' };
    return answer(response, chunk([{ index: 0, message, finish_reason: 'stop' }], USAGE));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const { chunks, everyMs, hold } = JSON.parse(messages.at(-1).content);
  if (hold) return holdOpen(response);
  response.write(PIECE);
  let sent = 1;
  const timer = setInterval(() => {
    if (sent < chunks) response.write(PIECE);
    else finish(response);
    sent += 1;
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}

function holdOpen(response) {
  const end = () => finish(response);
  held.add(end);
  response.once('close', () => held.delete(end));
  response.write(PIECE);
}

function finish(response) {
  response.end(`${STOP}${TOTAL}data: [DONE]\n\n`);
}

function chunk(choices, usage = null) {
  return {
    id: 'chatcmpl-021764',
    object: 'chat.completion.chunk',
    created: 1_763_900_000,
    model: MODEL,
    choices,
    usage,
  };
}

function event(choices, usage) {
  return `data: ${JSON.stringify(chunk(choices, usage))}\n\n`;
}

const PIECE = event([{ index: 0, delta: { role: 'assistant', content: '您的订单 ' }, finish_reason: null }]);
const STOP = event([{ index: 0, delta: {}, finish_reason: 'stop' }]);
const TOTAL = event([], USAGE);

function models() {
  return {
    object: 'list',
    data: [{ id: MODEL, object: 'model', created: 1_626_777_600, owned_by: 'bench' }],
  };
}

function answer(response, body) {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function readText(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
