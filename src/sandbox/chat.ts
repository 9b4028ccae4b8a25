import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { ChatRequest } from './checks.js';
import { type Context, type Contexts, sumTokens } from './contexts.js';
import { type Reply, replyTo } from './reply.js';
import type { CountTokens } from './tokens.js';

interface Chat {
  request: ChatRequest;
  replies: Reply[];
  usage: object;
  head: { id: string; created: number; model: string };
  /** Appends the chat to its session; to be called when the answer is complete. */
  remember: () => void;
}

/** State and settings that all chats share. */
export interface SandboxState {
  contexts: Contexts;
  /** Milliseconds between two events of a stream. */
  chunkMs: number;
  now: () => number;
}

/** Answers a chat completely or as a stream, with or without a context. */
export async function answerChat(
  response: ServerResponse,
  request: ChatRequest,
  { contexts, chunkMs, now }: SandboxState,
  count: CountTokens,
): Promise<void> {
  const context = request.contextId === null ? null : contexts.use(request.contextId, request.model);
  const chat = prepare(request, context, contexts, count, now);
  if (request.stream) return stream(response, chat, chunkMs);
  chat.remember();
  const choices = chat.replies.map(({ pieces, finishReason }, index) => ({
    index,
    message: { role: 'assistant', content: pieces.join('') },
    finish_reason: finishReason,
  }));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...chat.head, object: 'chat.completion', choices, usage: chat.usage }));
}

function prepare(
  request: ChatRequest,
  context: Context | null,
  contexts: Contexts,
  count: CountTokens,
  now: () => number,
): Chat {
  const cached = context ? sumTokens(context.messages) : 0;
  const prompt = request.messages.reduce((total, { content }) => total + count(content), 0);
  const replies = Array.from({ length: request.n }, (_, index) => replyTo(request, cached, index));
  const completion = replies.reduce((total, { pieces }) => total + count(pieces.join('')), 0);
  const [first] = replies;
  return {
    request,
    replies,
    usage: {
      prompt_tokens: cached + prompt,
      completion_tokens: completion,
      total_tokens: cached + prompt + completion,
      prompt_tokens_details: { cached_tokens: cached },
    },
    head: { id: `chatcmpl-${randomUUID()}`, created: Math.floor(now() / 1_000), model: request.model },
    remember() {
      const content = first?.pieces.join('') ?? '';
      if (context) contexts.append(context, [...request.messages, { role: 'assistant', content }], count);
    },
  };
}

/** Ends when the client disconnects; the session then does not remember this chat. */
function stream(response: ServerResponse, chat: Chat, chunkMs: number): Promise<void> {
  const disconnected = new AbortController();
  response.once('close', () => disconnected.abort());
  response.setHeader('content-type', 'text/event-stream');
  return pipeline(frames(chat, chunkMs, disconnected.signal), response);
}

async function* frames(chat: Chat, chunkMs: number, signal: AbortSignal): AsyncGenerator<string> {
  for (const data of events(chat)) {
    yield `data: ${data}\n\n`;
    // At least one turn of the event loop: a model's events never arrive together.
    await (chunkMs === 0 ? setImmediate(null, { signal }) : setTimeout(chunkMs, null, { signal }));
  }
  chat.remember();
  yield 'data: [DONE]\n\n';
}

function* events({ request, replies, usage, head }: Chat): Generator<string> {
  const noUsage = request.includeUsage ? { usage: null } : {};
  const chunk = (index: number, delta: object, finishReason: string | null = null) =>
    JSON.stringify({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index, delta, finish_reason: finishReason }],
      ...noUsage,
    });
  for (const [index, { pieces, finishReason }] of replies.entries()) {
    yield chunk(index, { role: 'assistant', content: '' });
    for (const content of pieces) yield chunk(index, { content });
    yield chunk(index, {}, finishReason);
  }
  if (request.includeUsage) {
    yield JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage });
  }
}
