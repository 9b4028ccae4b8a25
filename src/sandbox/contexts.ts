import { randomInt } from 'node:crypto';
import { ApiError, invalid } from './api-error.js';
import type { CreateRequest, Message } from './checks.js';
import type { Ledger } from './ledger.js';
import { isGemini, minCacheableTokens } from './models.js';
import type { CountTokens } from './tokens.js';

/** Limits the sandbox's memory; the least recently used contexts are evicted. */
const MAX_CONTEXTS = 10_000;
const MAX_CHARACTERS = 64 * 1_024 * 1_024;
/** Tokens of the models' window; a session drops its oldest messages beyond it. */
const WINDOW = 32_768;
const HOUR_MS = 3_600_000;

interface StoredMessage extends Message {
  tokens: number;
}

export interface Context {
  id: string;
  model: string;
  mode: CreateRequest['mode'];
  ttl: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  lastUsedAt: number;
  /** Hours since the creation that are billed. */
  billedHours: number;
  messages: StoredMessage[];
}

/** The contexts, which expire after their ttl as the gateway's do. */
export class Contexts {
  /** In order of use, the least recent first. */
  private readonly contexts = new Map<string, Context>();
  private characters = 0;

  constructor(
    private readonly now: () => number,
    private readonly ledger: Ledger,
  ) {}

  create(request: CreateRequest, count: CountTokens): Context {
    const { model, mode, ttl } = request;
    const messages = withTokens(request.messages, count);
    const needed = minCacheableTokens(model);
    if (sumTokens(messages) < needed)
      throw invalid('messages', `must hold at least ${needed} tokens for this model`);
    const now = this.now();
    const context = {
      ...{ id: this.newId(model), model, mode, ttl, messages },
      ...{ createdAt: now, lastUsedAt: now, billedHours: 0 },
    };
    this.billHours(context, sumTokens(messages));
    this.contexts.set(context.id, context);
    this.characters += lengthOf(messages);
    this.evict();
    return context;
  }

  get size(): number {
    return this.contexts.size;
  }

  clear(): void {
    this.contexts.clear();
    this.characters = 0;
  }

  /** Returns the context and restarts its ttl. */
  use(id: string, model: string): Context {
    const context = this.contexts.get(id);
    if (!context || this.now() >= context.lastUsedAt + context.ttl * 1_000) {
      if (context) this.forget(context);
      throw new ApiError(
        404,
        'ContextNotFound',
        `The context ${id} does not exist or has expired.`,
        'context_id',
      );
    }
    if (context.model !== model) throw invalid('model', 'must be the one that the context was created for');
    context.lastUsedAt = this.now();
    this.contexts.delete(id);
    this.contexts.set(id, context);
    return context;
  }

  /** Bills the started hours up to the expiry; `promptTokens`: of the call that moved it. */
  billHours(context: Context, promptTokens: number): void {
    const { model, createdAt, lastUsedAt, ttl, billedHours, messages } = context;
    context.billedHours = Math.ceil((lastUsedAt + ttl * 1_000 - createdAt) / HOUR_MS);
    this.ledger.keep(model, promptTokens, sumTokens(messages) * (context.billedHours - billedHours));
  }

  /** Appends a chat to its session; a prefix never changes. */
  append(context: Context, chat: Message[], promptTokens: number, count: CountTokens): void {
    if (context.mode !== 'session' || this.contexts.get(context.id) !== context) return;
    const added = withTokens(chat, count);
    const hours = context.billedHours - Math.floor((this.now() - context.createdAt) / HOUR_MS);
    this.ledger.keep(context.model, promptTokens, sumTokens(added) * hours);
    context.messages.push(...added);
    this.characters += lengthOf(added);
    while (sumTokens(context.messages) > WINDOW) {
      const oldest = context.messages.findIndex(({ role }) => role !== 'system');
      if (oldest === -1) break;
      this.characters -= lengthOf(context.messages.splice(oldest, 1));
    }
    this.evict();
  }

  private evict(): void {
    while (
      this.contexts.size > MAX_CONTEXTS ||
      (this.characters > MAX_CHARACTERS && this.contexts.size > 1)
    ) {
      const [oldest] = this.contexts.values();
      if (!oldest) return;
      this.forget(oldest);
    }
  }

  private forget(context: Context): void {
    this.contexts.delete(context.id);
    this.characters -= lengthOf(context.messages);
  }

  /** In the two formats of the gateway's documentation. */
  private newId(model: string): string {
    const tail = randomInt(10_000, 100_000);
    if (isGemini(model)) return `projects/370/locations/global/cachedContents/${this.now()}${tail}`;
    const stamp = new Date(this.now()).toISOString().replace(/\D/g, '').slice(0, 14);
    const id = `ctx-${stamp}-${tail}`;
    return this.contexts.has(id) ? this.newId(model) : id;
  }
}

function withTokens(messages: Message[], count: CountTokens): StoredMessage[] {
  return messages.map((message) => ({ ...message, tokens: count(message.content) }));
}

export function sumTokens(messages: readonly StoredMessage[]): number {
  return messages.reduce((total, { tokens }) => total + tokens, 0);
}

function lengthOf(messages: readonly StoredMessage[]): number {
  return messages.reduce((total, { content }) => total + content.length, 0);
}
