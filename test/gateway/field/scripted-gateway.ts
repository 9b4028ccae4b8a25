import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type SeenRequest, StandIn } from '../../support/stand-in.js';

/** What the gateway answers to one request. `ok`: a sound answer. */
export type Reply =
  | 'ok'
  | {
      status?: number;
      headers?: Record<string, string>;
      /** The body, one of these. */
      json?: unknown;
      text?: string;
      /** Of a stream: each an event's object, or text as it stands. */
      sse?: (object | string)[];
      pack?: 'gzip' | 'br' | 'deflate' | 'deflate-raw';
      /** Breaks off behind the body. */
      isCut?: boolean;
    };

/** To each kind of request, one after the other; the last one repeats. */
export interface Script {
  create?: Reply | Reply[];
  chat?: Reply | Reply[];
  models?: Reply | Reply[];
}

const COMPRESS = {
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  'deflate-raw': deflateRawSync,
};
const USAGE = {
  prompt_tokens: 20,
  completion_tokens: 1,
  total_tokens: 21,
  prompt_tokens_details: { cached_tokens: 12 },
};

/** A gateway whose answers are told to it. `$CONTEXT_ID` in them is the one that was asked for, `$CONTEXT_TAIL` its last part. */
export async function scriptedGateway(script: Script): Promise<StandIn> {
  const turns: Record<keyof Script, number> = { create: 0, chat: 0, models: 0 };
  let contexts = 0;
  return StandIn.start((response, _, seen) => {
    const kind = kindOf(seen);
    const body = seen.body === '' ? {} : JSON.parse(seen.body);
    const told = [script[kind] ?? 'ok'].flat();
    const reply = told[Math.min(turns[kind]++, told.length - 1)] ?? 'ok';
    if (reply !== 'ok') return void play(filledIn(reply, body.context_id ?? ''), response);
    if (kind === 'create') contexts++;
    return void play(
      { chat: soundChat(body), create: soundContext(body, contexts), models: MODELS }[kind],
      response,
    );
  });
}

function kindOf({ path }: SeenRequest): keyof Script {
  if (path.endsWith('/context/create')) return 'create';
  return path.endsWith('/models') ? 'models' : 'chat';
}

function filledIn(reply: Exclude<Reply, 'ok'>, contextId: string): Exclude<Reply, 'ok'> {
  const tail = contextId.split('/').at(-1) ?? '';
  const text = JSON.stringify(reply).replaceAll('$CONTEXT_ID', contextId).replaceAll('$CONTEXT_TAIL', tail);
  return JSON.parse(text);
}

const MODELS = { json: { object: 'list', data: [{ id: 'Doubao-1.5-pro-32k' }] } };

function soundContext({ model, ttl, mode }: Record<string, unknown>, number: number): Exclude<Reply, 'ok'> {
  const isGemini = String(model).startsWith('gemini');
  const id = isGemini
    ? `projects/370/locations/global/cachedContents/${169_000 + number}`
    : `ctx-2024-${number}`;
  return { json: { id, ttl, mode, usage: { ...USAGE, completion_tokens: 0 } } };
}

function soundChat({ stream }: Record<string, unknown>): Exclude<Reply, 'ok'> {
  const whole = { id: 'c1', created: 1_732_000_000, model: 'm' };
  if (!stream) {
    const message = { role: 'assistant', content: 'fine' };
    return { json: { ...whole, choices: [{ index: 0, message, finish_reason: 'stop' }], usage: USAGE } };
  }
  const choice = (delta: object, finish_reason: string | null) => ({
    ...whole,
    choices: [{ index: 0, delta, finish_reason }],
  });
  return {
    sse: [choice({ content: 'fine' }, null), choice({}, 'stop'), { choices: [], usage: USAGE }, '[DONE]'],
  };
}

async function play(reply: Exclude<Reply, 'ok'>, response: ServerResponse): Promise<void> {
  const { status = 200, headers = {}, pack, isCut = false } = reply;
  const pieces = piecesOf(reply).map((text) => Buffer.from(text));
  const packed = pack ? [COMPRESS[pack](Buffer.concat(pieces))] : pieces;
  const type = reply.sse ? 'text/event-stream' : 'application/json';
  const coding = pack ? { 'content-encoding': pack.replace('-raw', '') } : {};
  response.writeHead(status, { 'content-type': type, ...coding, ...headers });
  for (const piece of packed) {
    response.write(piece);
    await nextTurn();
  }
  if (isCut) response.destroy();
  else response.end();
}

function piecesOf({ sse, text, json }: Exclude<Reply, 'ok'>): string[] {
  if (sse) return sse.map(toEvent);
  return [text ?? JSON.stringify(json ?? {})];
}

function toEvent(event: object | string): string {
  if (typeof event === 'object') return `data: ${JSON.stringify(event)}\n\n`;
  return event === '[DONE]' ? 'data: [DONE]\n\n' : event;
}
