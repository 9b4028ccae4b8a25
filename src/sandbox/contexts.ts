import { randomInt } from 'node:crypto';
import type { CreateRequest, Message } from './checks.js';
import { isGemini, minTokensToKeep } from './models.js';
import { invalid, Refusal } from './refusal.js';
import type { CountTokens } from './tokens.js';

/** The oldest contexts go first, so that the sandbox can run for good. */
const MAX_CONTEXTS = 10_000;
const MAX_TEXT = 64 * 1_024 * 1_024;
/** Tokens that the models can see; a session's oldest turns roll off beyond it. */
const WINDOW = 32_768;

interface Turn extends Message {
  tokens: number;
}

export interface Context {
  id: string;
  model: string;
  mode: CreateRequest['mode'];
  ttl: number;
  /** Milliseconds since the epoch. */
  lastUsedAt: number;
  turns: Turn[];
}

/** What the sandbox keeps; forgotten at the ttl, as the gateway forgets. */
export class Contexts {
  /** The least recently used first. */
  private readonly contexts = new Map<string, Context>();
  private text = 0;

  constructor(private readonly now: () => number) {}

  create(request: CreateRequest, count: CountTokens): Context {
    const { model, mode, ttl } = request;
    const turns = request.messages.map((message) => ({ ...message, tokens: count(message.content) }));
    const needed = minTokensToKeep(model);
    if (sum(turns) < needed) throw invalid('messages', `must hold at least ${needed} tokens for this model`);
    const context = { id: this.newId(model), model, mode, ttl, lastUsedAt: this.now(), turns };
    this.contexts.set(context.id, context);
    this.text += lengthOf(turns);
    this.makeRoom();
    return context;
  }

  /** The context, its ttl started again. */
  use(id: string, model: string): Context {
    const context = this.contexts.get(id);
    if (!context || this.now() >= context.lastUsedAt + context.ttl * 1_000) {
      if (context) this.forget(context);
      throw new Refusal(
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

  /** What a session remembers of a chat; a prefix never changes. */
  append(context: Context, messages: Message[], count: CountTokens): void {
    if (context.mode !== 'session' || this.contexts.get(context.id) !== context) return;
    const added = messages.map((message) => ({ ...message, tokens: count(message.content) }));
    context.turns.push(...added);
    this.text += lengthOf(added);
    while (sum(context.turns) > WINDOW) {
      const oldest = context.turns.findIndex(({ role }) => role !== 'system');
      if (oldest === -1) break;
      this.text -= lengthOf(context.turns.splice(oldest, 1));
    }
    this.makeRoom();
  }

  private makeRoom(): void {
    while (this.contexts.size > MAX_CONTEXTS || (this.text > MAX_TEXT && this.contexts.size > 1)) {
      const [oldest] = this.contexts.values();
      if (!oldest) return;
      this.forget(oldest);
    }
  }

  private forget(context: Context): void {
    this.contexts.delete(context.id);
    this.text -= lengthOf(context.turns);
  }

  /** In the two shapes that the gateway's documents show. */
  private newId(model: string): string {
    const tail = randomInt(10_000, 100_000);
    if (isGemini(model)) return `projects/370/locations/global/cachedContents/${this.now()}${tail}`;
    const stamp = new Date(this.now()).toISOString().replace(/\D/g, '').slice(0, 14);
    const id = `ctx-${stamp}-${tail}`;
    return this.contexts.has(id) ? this.newId(model) : id;
  }
}

export function sum(turns: readonly Turn[]): number {
  return turns.reduce((total, { tokens }) => total + tokens, 0);
}

function lengthOf(turns: readonly Turn[]): number {
  return turns.reduce((total, { content }) => total + content.length, 0);
}
