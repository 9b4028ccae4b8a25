import type { FieldError } from 'graphql-context-cache-client';
import type { ChatUse } from '../contexts/contexts.js';
import { createdTokens } from '../contexts/details.js';
import { invalidFields, withoutFields } from '../errors.js';
import { type Message, MessageRole, type NewChat } from '../gateway/types.js';
import { estimateMessages } from '../limits/tokens.js';
import { bypassed, type OpenedPrompt, type PromptContexts } from '../prompts/prompt-contexts.js';
import type { PromptDefinition } from '../prompts/prompt-file.js';
import type { Prompts } from '../prompts/prompts.js';
import { CacheBypassReason, type CacheUse } from '../prompts/types.js';
import type { RequestContext } from '../request-context.js';
import type { ContextRecord } from '../store/store.js';
import { askedBy, type ChatTarget, type GatewayChat } from './chat-target.js';
import type { ChatInput } from './input.js';

/** The prompt of one chat, in the version that was in service when the chat began. Without a cached context its messages are sent with the chat's. */
export class PromptTarget implements ChatTarget {
  private isRecovered = false;

  private constructor(
    private readonly prompt: PromptDefinition,
    private readonly contexts: PromptContexts,
    private readonly request: RequestContext,
    private readonly chat: PromptChat,
    private opened: OpenedPrompt,
  ) {}

  /** Throws PROMPT_NOT_FOUND, or BAD_USER_INPUT for what the prompt does not allow. */
  static async open(
    name: string,
    input: ChatInput,
    { prompts, promptContexts }: { prompts: Prompts; promptContexts: PromptContexts },
    request: RequestContext,
  ): Promise<PromptTarget> {
    const prompt = prompts.find(name, request.caller);
    const chat = toPromptChat(input, prompt);
    const opened = await promptContexts.open(prompt, request);
    return new PromptTarget(prompt, promptContexts, request, chat, opened);
  }

  get model(): string {
    return this.chat.model;
  }

  get context(): ContextRecord | null {
    return this.opened.context;
  }

  /** A prompt is a prefix, which never changes. */
  get keepsHistory(): boolean {
    return false;
  }

  get cache(): CacheUse {
    return this.opened.cache;
  }

  async estimateTokens(): Promise<number> {
    const { context } = this;
    const created = context && createdTokens(context.details);
    return created ?? estimateMessages(this.prompt.context.messages);
  }

  ask<T>(call: GatewayChat<T>): Promise<T> {
    const { context } = this;
    const chat = context
      ? { ...this.chat, contextId: context.gatewayId }
      : { ...this.chat, messages: [...this.prompt.context.messages, ...this.chat.messages] };
    return call(this.request.dataSources.gateway, chat).catch(withoutFields);
  }

  /** A context that is lost again at once is not worth another one. */
  async recover(): Promise<void> {
    const { context } = this;
    if (!context) return;
    this.opened = this.isRecovered
      ? bypassed(this.prompt, CacheBypassReason.CREATE_FAILED)
      : await this.contexts.recover(this.prompt, context, this.request);
    this.isRecovered = true;
  }

  /** The caller holds no context. */
  async use(used: ChatUse): Promise<null> {
    await this.contexts.use(this.prompt, this.context, used, this.request);
    return null;
  }

  /** Any number of chats share it. */
  async unlock(): Promise<void> {}
}

/** What the gateway is asked, but for the context and the prompt's own messages. */
type PromptChat = Omit<NewChat, 'contextId'>;

function toPromptChat(input: ChatInput, prompt: PromptDefinition): PromptChat {
  const asked = askedBy(input);
  const problems = [...refusedMessages(asked.messages, prompt), ...refusedParameters(input, prompt)];
  if (problems.length > 0) throw invalidFields(problems);
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
