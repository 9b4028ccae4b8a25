import { createParser } from 'eventsource-parser';
import type { Call, Translation } from './translating-proxy.js';

type Json = Record<string, unknown>;

const CHAT = '/v1/context/chat/completions';
const SAME_NAMES = ['temperature', 'top_p'];
const NAMES = [
  ...['model', 'input', 'previous_response_id', 'caching', 'store', 'expire_at'],
  ...['max_output_tokens', 'stream', ...SAME_NAMES],
];

/** Ark's Responses API. A session is a chain of answers; this remembers which context each of them goes on with. */
export class ResponsesTranslation implements Translation {
  private readonly contextOf = new Map<unknown, unknown>();
  /** Chats whose answers go on the chain. */
  private readonly turns = new WeakSet<object>();

  constructor(private readonly now: () => number) {}

  call(method: string, { path, body }: Call): Call | null {
    if (method !== 'POST') return null;
    const unknown = Object.keys(body).filter((name) => !NAMES.includes(name));
    if (path !== '/v1/responses' || unknown.length > 0) throw new Error(`${path} has no ${unknown}`);
    const { model, input, previous_response_id: previous, caching, expire_at: expiry } = body;
    const messages = input as object[];
    if (isPrefix(caching)) {
      const ttl = expiry === undefined ? {} : { ttl: Number(expiry) - Math.floor(this.now() / 1_000) };
      return { path: '/v1/context/create', body: { model, messages, ...ttl } };
    }
    const named = previous === undefined ? {} : { context_id: this.contextOf.get(previous) ?? previous };
    const chat: Json = { ...named, model, messages };
    for (const name of SAME_NAMES) if (body[name] !== undefined) chat[name] = body[name];
    if (body.max_output_tokens !== undefined) chat.max_tokens = body.max_output_tokens;
    if (body.stream) Object.assign(chat, { stream: true, stream_options: { include_usage: true } });
    if (body.store && previous !== undefined) this.turns.add(chat);
    return {
      path: previous === undefined ? path.replace('/responses', '/chat/completions') : CHAT,
      body: chat,
    };
  }

  own(path: string): object {
    return { id: path.split('/').at(-1), object: 'response', previous_response_id: null, deleted: true };
  }

  answer(status: number, body: Json, asked: Call): [number, object] {
    if (status >= 300 || body.error !== undefined) return refusal(status, body);
    if (asked.path !== '/v1/context/create') return [200, this.chatAnswer(body, asked)];
    const { id, model, ttl } = body;
    const expiry = Number.isInteger(Number(ttl)) ? { expire_at: this.seconds() + Number(ttl) } : {};
    const head = {
      object: 'response',
      created_at: this.seconds(),
      status: 'completed',
      output: [],
      store: true,
    };
    return [200, { ...head, id, model, ...expiry, ...usageOf(body) }];
  }

  stream(asked: Call): (piece: string | null) => string {
    return new StreamTranslation((head) => this.chatAnswer(head, asked)).translate;
  }

  private chatAnswer(answer: Json, asked: Call): Json {
    const { id, model, created, choices } = answer;
    if (this.turns.has(asked.body)) this.contextOf.set(id, asked.body.context_id);
    const [choice] = choices as { message?: Json; finish_reason?: string }[];
    const { content, reasoning_content: reasoning } = choice?.message ?? {};
    const output = [
      ...(reasoning ? [{ type: 'reasoning', summary: [{ type: 'summary_text', text: reasoning }] }] : []),
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: content }] },
    ];
    const head = { id, object: 'response', model, created_at: created, output };
    return { ...head, ...statusOf(choice?.finish_reason), ...usageOf(answer) };
  }

  private seconds(): number {
    return Math.floor(this.now() / 1_000);
  }
}

/** One streamed answer. */
class StreamTranslation {
  private events = '';
  private head: Json | undefined;
  private usage: unknown;
  private finishReason: string | undefined;
  private isOver = false;
  private readonly parser = createParser({
    onEvent: ({ data }) => this.read(data),
    onComment: (comment) => {
      this.events += `:${comment}\n\n`;
    },
  });

  constructor(private readonly toAnswer: (answer: Json) => Json) {}

  /** null: the end. */
  readonly translate = (piece: string | null): string => {
    if (piece !== null) this.parser.feed(piece);
    else this.end();
    const events = this.events;
    this.events = '';
    return events;
  };

  private read(data: string): void {
    const chunk = parsed(data);
    if (data === '[DONE]') this.end('data: [DONE]\n\n');
    else if (!chunk) this.events += `data: ${data}\n\n`;
    else if (chunk.error) this.say('error', { error: errorOf(chunk) });
    else this.readChunk(chunk);
  }

  private readChunk(chunk: Json): void {
    if (!this.head) this.say('response.created', { response: { id: chunk.id, status: 'in_progress' } });
    this.head ??= chunk;
    this.usage = chunk.usage ?? this.usage;
    const [choice] = (chunk.choices ?? []) as { delta?: Json; finish_reason?: string | null }[];
    this.finishReason = choice?.finish_reason ?? this.finishReason;
    const { content, reasoning_content: reasoning } = choice?.delta ?? {};
    if (reasoning) this.say('response.reasoning_summary_text.delta', { delta: reasoning });
    if (content) this.say('response.output_text.delta', { delta: content });
  }

  private end(last = ''): void {
    if (this.isOver || !this.head || this.finishReason === undefined) return;
    this.isOver = true;
    const choices = [{ message: {}, finish_reason: this.finishReason }];
    const response = this.toAnswer({ ...this.head, choices, usage: this.usage });
    this.say(`response.${response.status}`, { response });
    this.events += last;
  }

  private say(type: string, data: Json): void {
    this.events += `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  }
}

function isPrefix(caching: unknown): boolean {
  return (caching as { prefix?: boolean } | undefined)?.prefix === true;
}

function parsed(data: string): Json | undefined {
  try {
    const value = JSON.parse(data);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Only the word for a lost context differs. */
function errorOf({ error }: Json): Json {
  const { code, ...rest } = error as Json;
  if (code !== 'ContextNotFound') return error as Json;
  return { ...rest, code: 'InvalidParameter.PreviousResponseNotFound', param: 'previous_response_id' };
}

function refusal(status: number, body: Json): [number, object] {
  if (typeof body.error !== 'object' || body.error === null) return [status, body];
  const error = errorOf(body);
  return [error === body.error ? status : 400, { ...body, error }];
}

function statusOf(finishReason: string | undefined): Json {
  if (finishReason === 'stop') return { status: 'completed' };
  return { status: 'incomplete', incomplete_details: { reason: finishReason } };
}

function usageOf({ usage }: Json): Json {
  if (typeof usage !== 'object' || usage === null) return {};
  const counts = usage as Record<string, unknown>;
  return {
    usage: {
      input_tokens: counts.prompt_tokens,
      output_tokens: counts.completion_tokens,
      total_tokens: counts.total_tokens,
      input_tokens_details: counts.prompt_tokens_details,
      output_tokens_details: counts.completion_tokens_details,
    },
  };
}
