import { CreateContextDocument } from 'graphql-context-cache-client';
import type { UseContextChat } from 'graphql-context-cache-client/react';
import { useEffect, useRef } from 'react';
import { inputOf } from '../contexts/recipe';
import type { Contexts } from '../contexts/use-contexts';
import { type Conversation, isSession, type Target } from '../conversations/conversation';
import type { Conversations } from '../conversations/use-conversations';
import { useSession } from '../session/session';

/**
 * Creates the context anew. A prefix goes on with the conversation so far, which is sent along; a session begins another one.
 * Undefined if it is not known what the context was created from.
 */
export function useStartAgain(
  chat: UseContextChat,
  { id, target }: Conversation,
  conversations: Conversations,
  contexts: Contexts,
): (() => Promise<void>) | undefined {
  const { client } = useSession();
  const { error, messages, regenerate } = chat;
  const isUnanswered = error?.code === 'CONTEXT_NOT_FOUND';
  const asksAgain = useRef(false);
  // `regenerate` is another one once the chat is with the new context.
  useEffect(() => {
    if (asksAgain.current) void regenerate();
    asksAgain.current = false;
  }, [regenerate]);

  const recipe = target.contextId === undefined ? undefined : contexts.recipeOf(target.contextId);
  if (!recipe) return undefined;
  return async () => {
    const { createContext } = await client.request(CreateContextDocument, { input: inputOf(recipe) });
    contexts.add(createContext, recipe);
    const { id: contextId, mode, model } = createContext;
    const fresh: Target = { contextId, mode, model };
    if (isSession(target)) {
      const question = messages.findLast(({ role }) => role === 'user')?.content;
      conversations.start(fresh, isUnanswered ? question : undefined);
    } else {
      asksAgain.current = isUnanswered;
      conversations.moveTo(id, fresh);
    }
  };
}
