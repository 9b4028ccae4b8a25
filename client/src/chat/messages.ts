import type { ChatDelta, ChatDone } from '../answer.js';
import { ContextCacheError } from '../errors.js';
import type { MessageInput } from '../operations.js';

/** A question or an answer. */
export interface ChatMessage {
  id: string;
  role: 'user' | 'assistant';
  content: string;
  /** The model's reasoning, if it shows any. */
  reasoning?: string;
  state: 'complete' | 'streaming' | 'stopped' | 'failed';
  /** Why the answer ended, as the model says. */
  finishReason?: NonNullable<ChatDelta['finishReason']>;
  /** Why it failed; `content` is what came before. */
  error?: ContextCacheError;
  usage?: ChatDone['usage'];
  /** How the answer used the cache. */
  cache?: ChatDone['cache'];
  /** The run that writes the answer, while it is streaming or where its connection was lost. */
  run?: AnswerRun;
}

interface AnswerRun {
  /** Sent again with the same question, it joins the run. */
  idempotencyKey: string;
  /** Unknown until the server has started it. */
  id?: string;
}

/** What a chat without history at the gateway sends before a question: answers without text are left out. */
export function toInput(messages: readonly ChatMessage[]): MessageInput[] {
  return messages
    .filter(({ role, content }) => role === 'user' || content !== '')
    .map(({ role, content }) => ({ role: role === 'user' ? 'USER' : 'ASSISTANT', content }));
}

export function addDelta(message: ChatMessage, delta: ChatDelta): ChatMessage {
  const { content, reasoningContent, finishReason } = delta;
  return {
    ...message,
    content: message.content + (content ?? ''),
    ...(finishReason && { finishReason }),
    ...(reasoningContent && { reasoning: (message.reasoning ?? '') + reasoningContent }),
  };
}

/** Ends an answer. */
export function ended(
  message: ChatMessage,
  state: ChatMessage['state'],
  facts?: Partial<ChatMessage>,
): ChatMessage {
  const { run: _, ...others } = message;
  return { ...others, state, ...facts };
}
