import { randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from './api-error.js';
import { answerChat, type SandboxState } from './chat.js';
import { type Body, checkChat, checkCreate } from './checks.js';
import { Contexts, sumTokens } from './contexts.js';
import { type Faults, withFaults } from './faults.js';
import { type BilledTokens, Ledger, type PriceOf } from './ledger.js';
import { isGemini, listModels, requireContextApi, requireModel } from './models.js';
import { answerResponse, answerStored } from './responses/answer.js';
import { StoredResponses } from './responses/stored-responses.js';
import { tokenCounter } from './tokens.js';

export interface SandboxOptions {
  /** Default: 127.0.0.1. */
  host?: string;
  /** Default: 0, which selects a free port. */
  port?: number;
  /** The key that clients must send. Default: `sk-sandbox`. */
  apiKey?: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Milliseconds between two events of a stream. Default: 30, slow enough to watch and stop one. */
  chunkMs?: number;
  /** Send what has been used so far with every event of a stream, as Ark does on request. Default: at its end, if asked for. */
  chunkUsage?: boolean;
  /** Default: nothing has a price. */
  priceOf?: PriceOf;
  faults?: Faults;
}

export interface Sandbox {
  /** Base URL, e.g. `http://127.0.0.1:4100/v1`. */
  readonly url: string;
  readonly apiKey: string;
  /** Can be replaced while the sandbox runs. */
  faults: Faults;
  /** What was billed since the start. */
  readonly ledger: Ledger;
  /** Forgets every context and response, as a gateway may that evicts them early. */
  lose(): void;
  /** How many contexts and responses it keeps. */
  readonly kept: number;
  /** Also closes open connections. */
  close(): Promise<void>;
}

const CHUNK_MS = 30;
const MAX_BODY_BYTES = 8 * 1_024 * 1_024;

/** Starts a stand-in for the REST gateway: an HTTP server that implements its contract without a model. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, apiKey = 'sk-sandbox', now = Date.now, faults = {} } = options;
  const { chunkMs = CHUNK_MS, chunkUsage = false } = options;
  const ledger = new Ledger(options.priceOf);
  const contexts = new Contexts(now, ledger);
  const responses = new StoredResponses(now);
  const server = createServer((request, response) => {
    const requestId = randomUUID();
    response.setHeader('x-request-id', requestId);
    const state = { contexts, responses, ledger, chunkMs, chunkUsage, faults: sandbox.faults, now };
    withFaults(sandbox.faults, response, () => answer(request, response, apiKey, state)).catch(
      (error: unknown) => answerError(error, response, requestId),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  const sandbox: Sandbox = {
    url: `http://${host}:${(server.address() as AddressInfo).port}/v1`,
    apiKey,
    faults,
    ledger,
    lose() {
      contexts.clear();
      responses.clear();
    },
    get kept() {
      return contexts.size + responses.size;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return sandbox;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  apiKey: string,
  state: SandboxState,
): Promise<void> {
  requireKey(request, apiKey);
  const path = request.url?.split('?', 1)[0];
  if (path === '/v1/models') {
    requireMethod(request, 'GET');
    return answerJson(response, 200, listModels());
  }
  const [, responseId] = /^\/v1\/responses\/([\w-]+)$/.exec(path ?? '') ?? [];
  if (responseId !== undefined) {
    if (request.method !== 'DELETE') requireMethod(request, 'GET');
    return answerStored(response, request.method, responseId, state, answerJson);
  }
  const isResponse = path === '/v1/responses';
  const isCreate = path === '/v1/context/create';
  const isContextChat = path === '/v1/context/chat/completions';
  if (!isCreate && !isContextChat && !isResponse && path !== '/v1/chat/completions') {
    throw new ApiError(404, 'NotFound', 'This path does not exist.');
  }
  requireMethod(request, 'POST');
  const body = await readBody(request);
  const count = await tokenCounter();
  if (isResponse) return answerResponse(response, body, state, count, answerJson);
  if (isCreate) {
    const wanted = checkCreate(body);
    requireModel(wanted.model);
    requireContextApi(wanted.model);
    const created = describe(state.contexts.create(wanted, count), wanted);
    state.ledger.call(wanted.model, billedFor(created.usage));
    return answerJson(response, 200, created);
  }
  const chat = checkChat(body, isContextChat);
  requireModel(chat.model);
  return answerChat(response, chat, state, count);
}

/** The response to a creation, in the format of Ark (with `model`) or Gemini. */
function describe(context: ReturnType<Contexts['create']>, { truncation }: ReturnType<typeof checkCreate>) {
  const { id, model, mode, ttl, messages } = context;
  const tokens = sumTokens(messages);
  if (isGemini(model)) {
    const usage = {
      prompt_tokens: tokens,
      completion_tokens: 0,
      total_tokens: 0,
      cache_creation_input_tokens: tokens,
    };
    return { id, ttl, usage };
  }
  const usage = {
    prompt_tokens: tokens,
    completion_tokens: 0,
    total_tokens: tokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
  return { id, model, ttl, ...(truncation && { truncation_strategy: truncation }), usage, mode };
}

/** What Gemini writes to its cache is billed as written. */
function billedFor(usage: { prompt_tokens: number; cache_creation_input_tokens?: number }): BilledTokens {
  const { prompt_tokens: prompt, cache_creation_input_tokens: cacheWrite = 0 } = usage;
  return { input: prompt - cacheWrite, cachedInput: 0, cacheWrite, output: 0 };
}

function requireKey({ headers }: IncomingMessage, apiKey: string): void {
  const sent = Buffer.from(headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${apiKey}`);
  if (sent.length === wanted.length && timingSafeEqual(sent, wanted)) return;
  throw new ApiError(401, 'AuthenticationError', 'The API key is missing or wrong.');
}

function requireMethod({ method }: IncomingMessage, wanted: string): void {
  if (method !== wanted) throw new ApiError(405, 'MethodNotAllowed', `Use ${wanted} here.`);
}

async function readBody(request: IncomingMessage): Promise<Body> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new ApiError(415, 'InvalidParameter', 'The Content-Type must be application/json.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ApiError(413, 'InvalidParameter', 'The body is larger than 8 MiB.');
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // Reported below, like any body that is not an object.
  }
  throw new ApiError(400, 'InvalidParameter', 'The body must be a JSON object.');
}

function answerError(error: unknown, response: ServerResponse, requestId: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const apiError =
    error instanceof ApiError ? error : new ApiError(500, 'InternalServiceError', 'The sandbox has failed.');
  answerJson(response, apiError.status, apiError.body(requestId));
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
