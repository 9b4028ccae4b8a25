import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { ApiError } from '../api-error.js';
import { MAX_STALL_MS, type SandboxState } from '../chat.js';
import type { Body, ChatRequest } from '../checks.js';
import { requireModel, requireResponses } from '../models.js';
import { replyTo } from '../reply.js';
import type { CountTokens } from '../tokens.js';
import { checkResponse, type ResponseRequest } from './checks.js';
import { checkPrefix, type StoredResponse } from './stored-responses.js';

const HOUR_MS = 3_600_000;

/** One response while it is made. */
interface Turn {
  request: ResponseRequest;
  previous: StoredResponse | null;
  id: string;
  createdAt: number;
  /** Unix seconds. */
  expireAt: number;
  pieces: string[];
  isCut: boolean;
  inputTokens: number;
  cachedTokens: number;
  /** Of the answer, for `said` pieces of it. */
  outputTokens: (said: number) => number;
}

type AnswerJson = (response: ServerResponse, status: number, body: object) => void;

/** `POST /responses`. */
export async function answerResponse(
  response: ServerResponse,
  body: Body,
  state: SandboxState,
  count: CountTokens,
  answerJson: AnswerJson,
): Promise<void> {
  const request = checkResponse(body);
  requireModel(request.model);
  requireResponses(request.model);
  const turn = prepare(request, state, count);
  if (request.stream) return stream(response, turn, state);
  finish(turn, state, turn.pieces.length);
  answerJson(response, 200, describe(turn, turn.isCut ? 'incomplete' : 'completed'));
}

/** `GET` and `DELETE /responses/{id}`. */
export function answerStored(
  response: ServerResponse,
  method: string | undefined,
  id: string,
  { responses }: SandboxState,
  answerJson: AnswerJson,
): void {
  const found = responses.get(id);
  if (!found) throw new ApiError(404, 'NotFound.response_id', 'The response does not exist.', 'response_id');
  if (method === 'DELETE') {
    responses.delete(id);
    answerJson(response, 200, { id, object: 'response', deleted: true });
    return;
  }
  answerJson(response, 200, found.body);
}

function prepare(request: ResponseRequest, state: SandboxState, count: CountTokens): Turn {
  const { responses, now } = state;
  const previous = responses.previous(request);
  const history = responses.historyOf(previous);
  const expireAt = responses.expiryOf(request);
  const isPrefix = request.caching === 'prefix';
  const own = isPrefix
    ? checkPrefix(request.messages, count)
    : request.messages.reduce((total, { content }) => total + count(content), 0);
  const { pieces, finishReason } = isPrefix
    ? { pieces: [], finishReason: 'stop' }
    : replyTo(toChatRequest(request), history.cachedTokens, 0);
  if (previous && request.caching === 'turn') previous.isBusy = true;
  return {
    ...{ request, previous, id: responses.newId(), createdAt: now(), expireAt, pieces },
    isCut: finishReason === 'length',
    inputTokens: history.tokens + own,
    cachedTokens: history.cachedTokens,
    outputTokens: (said) => count(pieces.slice(0, said).join('')),
  };
}

function toChatRequest({ model, messages, maxTokens, stream }: ResponseRequest): ChatRequest {
  return { contextId: null, model, messages, n: 1, maxTokens, stop: [], stream, includeUsage: true };
}

/** Bills what was said, and keeps a whole answer. */
function finish(turn: Turn, { ledger, responses }: SandboxState, said: number): void {
  const { request, previous, id, createdAt, expireAt, inputTokens, cachedTokens } = turn;
  const { model, caching, store, messages } = request;
  if (previous) previous.isBusy = false;
  const output = turn.outputTokens(said);
  ledger.call(model, { input: inputTokens - cachedTokens, cachedInput: cachedTokens, cacheWrite: 0, output });
  if (said < turn.pieces.length || !store) return;
  const isCached = caching !== 'none';
  const tokens = inputTokens - (previous ? responses.historyOf(previous).tokens : 0) + output;
  const expiresAt = expireAt * 1_000;
  if (isCached) ledger.keep(model, inputTokens, tokens * Math.ceil((expiresAt - createdAt) / HOUR_MS));
  const answer =
    turn.pieces.length === 0 ? [] : [{ role: 'assistant' as const, content: turn.pieces.join('') }];
  responses.add({
    ...{ id, model, previousId: previous?.id ?? null, messages: [...messages, ...answer] },
    body: describe(turn, turn.isCut ? 'incomplete' : 'completed'),
    ...{ tokens, isCached, createdAt, expiresAt, isBusy: false },
  });
}

function describe(turn: Turn, status: 'in_progress' | 'completed' | 'incomplete'): object {
  const { request, previous, id, createdAt, expireAt, pieces, inputTokens, cachedTokens } = turn;
  const isOver = status !== 'in_progress';
  const content = [{ type: 'output_text', text: pieces.join(''), annotations: [] }];
  const message = { id: `msg_${id.slice(5)}`, type: 'message', role: 'assistant', status, content };
  const output = turn.outputTokens(pieces.length);
  const usage = {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + output,
  };
  return {
    ...{ id, object: 'response', created_at: Math.floor(createdAt / 1_000), model: request.model, status },
    ...(status === 'incomplete' && { incomplete_details: { reason: 'length' } }),
    output: isOver && pieces.length > 0 ? [message] : [],
    ...(isOver && { usage }),
    ...(request.caching !== 'none' && { caching: { type: 'enabled', prefix: request.caching === 'prefix' } }),
    ...{ expire_at: expireAt, store: request.store, previous_response_id: previous?.id ?? null },
  };
}

function stream(response: ServerResponse, turn: Turn, state: SandboxState): Promise<void> {
  const disconnected = new AbortController();
  response.once('close', () => disconnected.abort());
  response.setHeader('content-type', 'text/event-stream');
  return pipeline(frames(turn, state, disconnected.signal), response);
}

async function* frames(turn: Turn, state: SandboxState, signal: AbortSignal): AsyncGenerator<string> {
  const { chunkMs, faults } = state;
  let sent = 0;
  let said = 0;
  let isOver = false;
  try {
    for (const { type, ...data } of events(turn)) {
      if (type === 'response.output_text.delta') said++;
      // Chats may continue from an answer once its end is sent.
      if (type === 'response.completed' || type === 'response.incomplete') {
        isOver = true;
        finish(turn, state, said);
      }
      yield `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sent, ...data })}\n\n`;
      if (++sent === faults.stallAfterEvents) await setTimeout(MAX_STALL_MS, null, { signal });
      await (chunkMs === 0 ? setImmediate(null, { signal }) : setTimeout(chunkMs, null, { signal }));
    }
  } finally {
    if (!isOver) finish(turn, state, said);
  }
}

function* events(turn: Turn): Generator<{ type: string } & Record<string, unknown>> {
  const { id, pieces, isCut } = turn;
  const item = { item_id: `msg_${id.slice(5)}`, output_index: 0, content_index: 0 };
  const part = (text: string) => ({ type: 'output_text', text, annotations: [] });
  const message = { id: item.item_id, type: 'message', role: 'assistant' };
  const text = pieces.join('');
  yield { type: 'response.created', response: describe(turn, 'in_progress') };
  yield { type: 'response.in_progress', response: describe(turn, 'in_progress') };
  yield {
    ...{ type: 'response.output_item.added', output_index: 0 },
    item: { ...message, status: 'in_progress', content: [] },
  };
  yield { type: 'response.content_part.added', ...item, part: part('') };
  for (const delta of pieces) yield { type: 'response.output_text.delta', ...item, delta };
  yield { type: 'response.output_text.done', ...item, text };
  yield { type: 'response.content_part.done', ...item, part: part(text) };
  yield {
    ...{ type: 'response.output_item.done', output_index: 0 },
    item: { ...message, status: 'completed', content: [part(text)] },
  };
  const status = isCut ? 'incomplete' : 'completed';
  yield { type: `response.${status}`, response: describe(turn, status) };
}
