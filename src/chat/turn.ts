import type { Contexts } from '../contexts/contexts.js';
import { isPrefix } from '../contexts/creation.js';
import { keyOf } from '../contexts/names.js';
import { AppError, badUserInput, contextNotFound, ErrorCode } from '../errors.js';
import type { GatewayDataSource } from '../gateway/data-source.js';
import type { ContextMode, NewChat } from '../gateway/types.js';
import type { Lease, Leases } from '../registry/leases.js';
import type { Holding } from '../registry/store.js';
import type { RequestContext } from '../request-context.js';
import type { ChatInput } from './input.js';

/** A chat that may go out: its context is the caller's, and its turn has come. */
export class Turn {
  private constructor(
    private readonly contexts: Contexts,
    private readonly request: RequestContext,
    private chat: NewChat,
    private current: Holding | null,
    /** Sessions only: two chats at once would race for the history. */
    private readonly lease: Lease | null,
    private readonly hasKey: boolean,
  ) {}

  static async begin(input: ChatInput, contexts: Contexts, leases: Leases, request: RequestContext) {
    const held = await contexts.hold(input.contextId, request);
    // With the server's key the registry knows every context; with a caller's own the gateway judges the others.
    if (!held && request.caller.credential.owner === 'server') throw contextNotFound();
    const chat = toNewChat(input, held);
    const lease = isSharable(chat, held)
      ? null
      : await leases.take(`chat:${keyOf(request.caller, input.contextId)}`, request.lifetime);
    return new Turn(contexts, request, chat, held, lease, input.idempotencyKey != null);
  }

  /** The one that was asked for. */
  get model(): string {
    return this.chat.model;
  }

  /** null: the context is not known here. */
  get held(): Holding | null {
    return this.current;
  }

  /** Whether a lost answer may be asked for again: nothing is taken in, and no key promises that nothing is billed twice. */
  get repeatable(): boolean {
    return this.lease === null && !this.hasKey;
  }

  /** Asks the gateway; its call ends when the caller leaves or the turn is lost. */
  ask<T>(call: (gateway: GatewayDataSource, chat: NewChat) => Promise<T>): Promise<T> {
    return call(this.request.gatewayUntil(...(this.lease ? [this.lease.lifetime] : [])), this.chat);
  }

  /** After this the same question may be asked again; throws where the context is lost for good, or not lost at all. */
  async recover(error: unknown): Promise<void> {
    const isLost = error instanceof AppError && error.code === ErrorCode.CONTEXT_NOT_FOUND;
    if (!isLost || !this.current) throw error;
    this.current = await this.contexts.recover(this.current, this.request);
    this.chat = { ...this.chat, contextId: this.current.context.gatewayId };
  }

  async end(): Promise<void> {
    await this.lease?.release();
  }
}

function isSharable({ model }: NewChat, held: Holding | null): boolean {
  return isPrefix(held ? { model, mode: held.context.mode as ContextMode | null } : { model });
}

function toNewChat({ idempotencyKey: _, ...input }: ChatInput, held: Holding | null): NewChat {
  const model = input.model ?? held?.context.model;
  if (model !== undefined) return { ...input, model, contextId: held?.context.gatewayId ?? input.contextId };
  const message = 'must be given: the model that this context was created for is not known here';
  throw badUserInput(`input.model ${message}`, [{ path: ['input', 'model'], message }]);
}
