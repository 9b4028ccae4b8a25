import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { ChatRequest, Message } from './checks.js';
import { type Context, type Contexts, sumTokens } from './contexts.js';
import type { Faults } from './faults.js';
import type { Ledger } from './ledger.js';
import { type Reply, replyTo } from './reply.js';
import type { StoredResponses } from './responses/stored-responses.js';
import type { CountTokens } from './tokens.js';

/** The longest simulated stall. */
export const MAX_STALL_MS = 3_600_000;

interface Chat {
  request: ChatRequest;
  replies: Reply[];
  tokens: ChatTokens;
  head: { id: string; created: number; model: string };
  /** Appends the chat to its session; to be called when the answer is complete. */
  remember: () => void;
}

interface ChatTokens {
  cached: number;
  prompt: number;
  completion: number;
}

/** State and settings that all chats share. */
export interface SandboxState {
  contexts: Contexts;
  responses: StoredResponses;
  ledger: Ledger;
  /** Milliseconds between two events of a stream. */
  chunkMs: number;
  chunkUsage: boolean;
  faults: Faults;
  now: () => number;
}

/** Answers a chat completely or as a stream, with or without a context. */
export async function answerChat(
  response: ServerResponse,
  request: ChatRequest,
  state: SandboxState,
  count: CountTokens,
): Promise<void> {
  const { contexts, ledger } = state;
  const context = request.contextId === null ? null : contexts.use(request.contextId, request.model);
  const chat = prepare(request, context, state, count);
  if (context) contexts.billHours(context, promptOf(chat.tokens));
  if (request.stream) return stream(response, chat, state, count);
  bill(ledger, chat, chat.tokens.completion);
  chat.remember();
  const choices = chat.replies.map(({ pieces, finishReason }, index) => ({
    index,
    message: { role: 'assistant', content: pieces.join('') },
    finish_reason: finishReason,
  }));
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({ ...chat.head, object: 'chat.completion', choices, usage: usageOf(chat.tokens) }),
  );
}

function prepare(
  request: ChatRequest,
  context: Context | null,
  { contexts, now }: SandboxState,
  count: CountTokens,
): Chat {
  const cached = context ? sumTokens(context.messages) : 0;
  const prompt = request.messages.reduce((total, { content }) => total + count(content), 0);
  const replies = Array.from({ length: request.n }, (_, index) => replyTo(request, cached, index));
  const completion = replies.reduce((total, { pieces }) => total + count(pieces.join('')), 0);
  const [first] = replies;
  return {
    request,
    replies,
    tokens: { cached, prompt, completion },
    head: { id: `chatcmpl-${randomUUID()}`, created: Math.floor(now() / 1_000), model: request.model },
    remember() {
      const content = first?.pieces.join('') ?? '';
      const said: Message = { role: 'assistant', content };
      if (context) contexts.append(context, [...request.messages, said], cached + prompt, count);
    },
  };
}

function promptOf({ cached, prompt }: ChatTokens): number {
  return cached + prompt;
}

function usageOf(tokens: ChatTokens): object {
  const { cached, completion } = tokens;
  return {
    prompt_tokens: promptOf(tokens),
    completion_tokens: completion,
    total_tokens: promptOf(tokens) + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

function bill(ledger: Ledger, { request, tokens }: Chat, output: number): void {
  ledger.call(request.model, { input: tokens.prompt, cachedInput: tokens.cached, cacheWrite: 0, output });
}

/** Ends when the client disconnects; the session then does not remember this chat. */
function stream(
  response: ServerResponse,
  chat: Chat,
  state: SandboxState,
  count: CountTokens,
): Promise<void> {
  const disconnected = new AbortController();
  response.once('close', () => disconnected.abort());
  response.setHeader('content-type', 'text/event-stream');
  return pipeline(frames(chat, state, count, disconnected.signal), response);
}

/** Bills what it has sent. */
async function* frames(
  chat: Chat,
  state: SandboxState,
  count: CountTokens,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { ledger, chunkMs, faults } = state;
  const texts = chat.replies.map(() => '');
  const completion = () => texts.reduce((total, text) => total + count(text), 0);
  let sent = 0;
  try {
    for (const data of events(chat, texts, state.chunkUsage ? completion : undefined)) {
      yield `data: ${data}\n\n`;
      if (++sent === faults.stallAfterEvents) await setTimeout(MAX_STALL_MS, null, { signal });
      // At least one turn of the event loop: a model's events never arrive together.
      await (chunkMs === 0 ? setImmediate(null, { signal }) : setTimeout(chunkMs, null, { signal }));
    }
  } finally {
    bill(ledger, chat, completion());
  }
  chat.remember();
  yield 'data: [DONE]\n\n';
}

/** Appends to the texts what it sends of them. `completion`: counts their tokens, for events that carry usage. */
function* events(
  { request, replies, tokens, head }: Chat,
  texts: string[],
  completion: (() => number) | undefined,
): Generator<string> {
  const chunk = (index: number, delta: object, finishReason: string | null = null) => {
    const usage = completion ? usageOf({ ...tokens, completion: completion() }) : null;
    return JSON.stringify({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index, delta, finish_reason: finishReason }],
      ...(request.includeUsage && { usage }),
    });
  };
  for (const [index, { pieces, finishReason }] of replies.entries()) {
    yield chunk(index, { role: 'assistant', content: '' });
    for (const content of pieces) {
      texts[index] += content;
      yield chunk(index, { content });
    }
    yield chunk(index, {}, finishReason);
  }
  if (request.includeUsage) {
    const usage = usageOf(tokens);
    yield JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage });
  }
}
