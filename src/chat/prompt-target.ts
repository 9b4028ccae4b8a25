import type { FieldError } from 'graphql-context-cache-client';
import type { ChatUse } from '../contexts/contexts.js';
import { unpackDetails } from '../contexts/details.js';
import { apiOfContext } from '../contexts/records.js';
import { AppError, badUserInput, ErrorCode, withoutFields } from '../errors.js';
import type { ApiName } from '../gateway/apis.js';
import { type Message, MessageRole, type NewChat } from '../gateway/types.js';
import { estimateMessages } from '../limits/tokens.js';
import type { ModelList } from '../pricing/model-list.js';
import type { OpenedPrompt, PromptContexts } from '../prompts/prompt-contexts.js';
import type { PromptDefinition } from '../prompts/prompt-file.js';
import type { Prompts } from '../prompts/prompts.js';
import { CacheBypassReason, CacheStatus, type CacheUse } from '../prompts/types.js';
import type { RequestContext } from '../request-context.js';
import type { ChatTarget, GatewayChat } from './chat-target.js';
import type { ChatInput } from './input.js';

export type PromptChatInput = ChatInput & { prompt: string };

export interface PromptParts {
  prompts: Prompts;
  promptContexts: PromptContexts;
  models: ModelList;
}

/** The prompt of one chat, in the version that was in service when the chat began. Without a cached context its messages are sent with the chat's. */
export class PromptTarget implements ChatTarget {
  private isRecovered = false;

  private constructor(
    private readonly prompt: PromptDefinition,
    private readonly contexts: PromptContexts,
    private readonly request: RequestContext,
    private readonly chat: PromptChat,
    private readonly hasKey: boolean,
    private readonly apiOf: (model: string) => ApiName,
    private opened: OpenedPrompt,
  ) {}

  /** Throws PROMPT_NOT_FOUND, or BAD_USER_INPUT for what the prompt does not allow. */
  static async open(
    input: PromptChatInput,
    { prompts, promptContexts, models }: PromptParts,
    request: RequestContext,
  ): Promise<PromptTarget> {
    const prompt = prompts.find(input.prompt, request.caller);
    const chat = toPromptChat(input, prompt);
    const opened = await promptContexts.open(prompt, request);
    const hasKey = input.idempotencyKey != null;
    return new PromptTarget(
      prompt,
      promptContexts,
      request,
      chat,
      hasKey,
      (model) => models.apiOf(model),
      opened,
    );
  }

  get model(): string {
    return this.chat.model;
  }

  get api(): ApiName {
    const { context } = this.opened;
    return context ? apiOfContext(context) : this.apiOf(this.chat.model);
  }

  get expiresAt(): number | undefined {
    return this.opened.context?.expiresAt;
  }

  get repeatable(): boolean {
    return !this.hasKey;
  }

  /** A prompt is a prefix, which never changes. */
  get keepsHistory(): boolean {
    return false;
  }

  get cache(): CacheUse {
    return this.opened.cache;
  }

  async estimateTokens(): Promise<number> {
    const { context } = this.opened;
    const usage = context ? unpackDetails(context.details).usage : null;
    return usage?.promptTokens ?? estimateMessages(this.prompt.context.messages);
  }

  ask<T>(call: GatewayChat<T>): Promise<T> {
    const { context } = this.opened;
    const chat = context
      ? { ...this.chat, contextId: context.gatewayId }
      : { ...this.chat, messages: [...this.prompt.context.messages, ...this.chat.messages] };
    return call(this.request.dataSources.gateway, chat).catch(withoutFields);
  }

  mayRecover(error: unknown): boolean {
    const isLost = error instanceof AppError && error.code === ErrorCode.CONTEXT_NOT_FOUND;
    return isLost && this.opened.context !== null;
  }

  /** A context that is lost again at once is not worth another one. */
  async recover(): Promise<void> {
    const { context, cache } = this.opened;
    if (!context) return;
    if (this.isRecovered) {
      const bypassed = { status: CacheStatus.BYPASSED, reason: CacheBypassReason.CREATE_FAILED };
      this.opened = { context: null, cache: { ...cache, ...bypassed } };
      return;
    }
    this.isRecovered = true;
    this.opened = await this.contexts.recover(this.prompt, context, this.request);
  }

  /** The caller holds no context. */
  async use(used: ChatUse): Promise<null> {
    await this.contexts.use(this.prompt, this.opened.context, used, this.request);
    return null;
  }

  /** Any number of chats share it. */
  async unlock(): Promise<void> {}
}

/** What the gateway is asked, but for the context and the prompt's own messages. */
type PromptChat = Omit<NewChat, 'contextId'>;

function toPromptChat(input: PromptChatInput, prompt: PromptDefinition): PromptChat {
  const { contextId: _, prompt: __, idempotencyKey: ___, model: ____, onDisconnect: _____, ...asked } = input;
  const problems = [...refusedMessages(asked.messages, prompt), ...refusedParameters(input, prompt)];
  if (problems.length > 0) {
    throw badUserInput(
      problems.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '),
      problems,
    );
  }
  const given = Object.entries(asked).filter(([, value]) => value != null);
  const { maxTokensLimit, parameters, context } = prompt;
  const limit = maxTokensLimit === null ? {} : { maxTokens: maxTokensLimit };
  return { ...limit, ...parameters, ...(Object.fromEntries(given) as typeof asked), model: context.model };
}

/** A page must not override the operator's rules. A message without a role could be taken for one of the system. */
function refusedMessages(messages: Message[], { allowSystemMessages }: PromptDefinition): FieldError[] {
  if (allowSystemMessages) return [];
  return messages.flatMap(({ role }, index) => {
    const isAllowed = role === MessageRole.USER || role === MessageRole.ASSISTANT;
    const message = 'must be USER or ASSISTANT: this prompt does not allow others';
    return isAllowed ? [] : [{ path: ['input', 'messages', index, 'role'], message }];
  });
}

function refusedParameters({ maxTokens }: ChatInput, { maxTokensLimit }: PromptDefinition): FieldError[] {
  if (maxTokens == null || maxTokensLimit === null || maxTokens <= maxTokensLimit) return [];
  return [{ path: ['input', 'maxTokens'], message: `must be at most ${maxTokensLimit} for this prompt` }];
}
