import { randomUUID } from 'node:crypto';
import { ApiError, invalid } from '../api-error.js';
import type { Message } from '../checks.js';
import type { CountTokens } from '../tokens.js';
import type { ResponseRequest } from './checks.js';

/** Limits the sandbox's memory; the oldest are dropped. */
const MAX_RESPONSES = 20_000;
/** Of messages and answers. */
const MAX_CHARACTERS = 64 * 1_024 * 1_024;
const DEFAULT_SECONDS = 3 * 86_400;
const MAX_SECONDS = 7 * 86_400;
/** Of a prefix. */
const MIN_TOKENS = 256;

export interface StoredResponse {
  id: string;
  model: string;
  previousId: string | null;
  /** Those that it added, with its answer. */
  messages: Message[];
  tokens: number;
  /** As it was answered. */
  body: object;
  /** Whether it is in the cache, as all before it are. */
  isCached: boolean;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Milliseconds since the epoch; nothing extends it. */
  expiresAt: number;
  /** Whether a turn to be stored is continuing it. */
  isBusy: boolean;
}

/** A response's own and earlier messages, oldest first. */
export interface History {
  messages: Message[];
  tokens: number;
  cachedTokens: number;
}

/** The responses that later ones can go on from, any number of times. */
export class StoredResponses {
  private readonly responses = new Map<string, StoredResponse>();
  private characters = 0;

  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.responses.size;
  }

  clear(): void {
    this.responses.clear();
    this.characters = 0;
  }

  newId(): string {
    return `resp_${randomUUID().replaceAll('-', '')}`;
  }

  get(id: string): StoredResponse | undefined {
    const found = this.responses.get(id);
    if (!found || this.now() < found.expiresAt) return found;
    this.drop(found);
    return undefined;
  }

  /** The response to continue from; null if none is named. */
  previous({ previousId, model, caching }: ResponseRequest): StoredResponse | null {
    if (previousId === null) return null;
    const previous = this.get(previousId);
    if (!previous) {
      const code = 'InvalidParameter.PreviousResponseNotFound';
      throw new ApiError(
        400,
        code,
        `Previous response with id ${previousId} not found.`,
        'previous_response_id',
      );
    }
    if (previous.model !== model) throw invalid('model', 'must be that of the previous response');
    if (caching !== 'none' && !previous.isCached)
      throw invalid('caching', 'needs a previous response that is cached');
    if (caching === 'turn' && previous.isBusy) {
      const message = `The response ${previousId} is in invalid state: InProgress.`;
      throw new ApiError(403, 'OperationDenied.InvalidState', message);
    }
    return previous;
  }

  /** Of what is still there: a response may have ended or been deleted before those that go on from it. */
  historyOf(response: StoredResponse | null): History {
    if (response === null) return { messages: [], tokens: 0, cachedTokens: 0 };
    const { previousId, messages, tokens, isCached } = response;
    const before = previousId === null ? null : this.get(previousId);
    const earlier = this.historyOf(before ?? null);
    return {
      messages: [...earlier.messages, ...messages],
      tokens: earlier.tokens + tokens,
      cachedTokens: earlier.cachedTokens + (isCached ? tokens : 0),
    };
  }

  /** Seconds of Unix time at which a new response ends. */
  expiryOf({ expireAt }: ResponseRequest): number {
    const now = Math.floor(this.now() / 1_000);
    if (expireAt === null) return now + DEFAULT_SECONDS;
    if (expireAt > now && expireAt <= now + MAX_SECONDS) return expireAt;
    throw invalid('expire_at', 'must be in the next 7 days');
  }

  add(response: StoredResponse): void {
    this.responses.set(response.id, response);
    this.characters += lengthOf(response);
    for (const oldest of this.responses.values()) {
      const isFull = this.responses.size > MAX_RESPONSES || this.characters > MAX_CHARACTERS;
      if (!isFull || oldest === response) return;
      this.drop(oldest);
    }
  }

  delete(id: string): boolean {
    const found = this.get(id);
    if (found) this.drop(found);
    return found !== undefined;
  }

  private drop(response: StoredResponse): void {
    this.responses.delete(response.id);
    this.characters -= lengthOf(response);
  }
}

function lengthOf({ messages }: StoredResponse): number {
  return messages.reduce((total, { content }) => total + content.length, 0);
}

export function checkPrefix(messages: Message[], count: CountTokens): number {
  const tokens = messages.reduce((total, { content }) => total + count(content), 0);
  if (tokens < MIN_TOKENS) throw invalid('input', `must hold at least ${MIN_TOKENS} tokens for a prefix`);
  return tokens;
}
