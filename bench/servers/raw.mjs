/**
 * The baseline: node:http and undici without GraphQL. It forwards createContext, and relays a stream by parsing each event and
 * emitting it again in graphql-sse's format.
 */

import { createServer } from 'node:http';
import { createParser } from 'eventsource-parser';
import { createContext, post, toMessage } from './gateway.mjs';
import { listen } from './listen.mjs';

const server = createServer(async (request, response) => {
  try {
    const { input } = JSON.parse(await readText(request)).variables;
    if (request.headers.accept === 'text/event-stream') await relay(input, response);
    else answer(response, { data: { createContext: await createContext(input) } });
  } catch (error) {
    response.destroy(error);
  }
});
await listen(server, '/graphql');

async function relay(input, response) {
  const { body } = await post('/context/chat/completions', {
    context_id: input.contextId,
    model: input.model,
    messages: input.messages.map(toMessage),
    stream: true,
    stream_options: { include_usage: true },
  });
  response.once('close', () => body.destroy());
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  let usage = null;
  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') return end(response, usage);
      const chunk = JSON.parse(data);
      usage ??= chunk.usage;
      for (const choice of chunk.choices) emit(response, toDelta(choice));
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
}

function toDelta({ index, delta, finish_reason }) {
  return { index, content: delta.content ?? null, finishReason: finish_reason?.toUpperCase() ?? null };
}

function end(response, usage) {
  const { prompt_tokens: promptTokens, prompt_tokens_details: details } = usage;
  emit(response, {
    usage: { promptTokens, promptTokensDetails: { cachedTokens: details.cached_tokens } },
    context: null,
  });
  response.end('event: complete\ndata:\n\n');
}

function emit(response, chatStream) {
  response.write(`event: next\ndata: ${JSON.stringify({ data: { chatStream } })}\n\n`);
}

function answer(response, body) {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function readText(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
