import { AbstractChat, type ChatState } from 'ai';
import { createContextCacheClient } from 'graphql-context-cache-client';
import {
  ContextChatTransport,
  type ContextChatTransportOptions,
  type ContextUIMessage,
} from '../../examples/recipes/ai-sdk.js';

/** The state that `useChat` keeps, without React. */
class State implements ChatState<ContextUIMessage> {
  status: ChatState<ContextUIMessage>['status'] = 'ready';
  error: Error | undefined;
  constructor(public messages: ContextUIMessage[]) {}
  pushMessage = (message: ContextUIMessage) => {
    this.messages = [...this.messages, message];
  };
  popMessage = () => {
    this.messages = this.messages.slice(0, -1);
  };
  replaceMessage = (index: number, message: ContextUIMessage) => {
    this.messages = this.messages.with(index, structuredClone(message));
  };
  snapshot = structuredClone;
}

/** `useChat` on the recipe's transport. */
export class AiChat extends AbstractChat<ContextUIMessage> {
  constructor(
    url: string,
    options: Partial<ContextChatTransportOptions> = { prompt: 'support' },
    messages: ContextUIMessage[] = [],
  ) {
    const client = createContextCacheClient({ url });
    const transport = new ContextChatTransport({ client, ...options } as ContextChatTransportOptions);
    super({ id: 'chat-1', transport, state: new State(messages) });
  }

  /** What the last message says, by the kind of its parts. */
  get said(): Record<string, string> {
    const parts = this.lastMessage?.parts ?? [];
    return Object.fromEntries(parts.flatMap((part) => ('text' in part ? [[part.type, part.text]] : [])));
  }
}
