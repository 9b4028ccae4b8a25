import { type ContextCacheClient, PromptsDocument } from 'graphql-context-cache-client';
import { type ReactNode, useState } from 'react';
import type { Contexts } from '../contexts/use-contexts';
import type { Conversations } from '../conversations/use-conversations';
import { useLoad } from '../session/use-load';
import { useLanguage } from '../words/language';
import { CreateContext } from './create-context';
import { PromptCards } from './prompt-cards';

/** A prompt by name comes first; a context by hand is for those who have none. */
export function Start({ conversations, contexts }: { conversations: Conversations; contexts: Contexts }) {
  const { words } = useLanguage();
  const { data, isLoading } = useLoad('prompts', loadPrompts);
  if (isLoading) return <p role="status">{words.loading}</p>;
  const prompts = data?.prompts ?? [];
  return (
    <div className="start">
      {prompts.length > 0 && (
        <PromptCards
          prompts={prompts}
          onChoose={({ name, title, model }) =>
            conversations.start({ prompt: name, title: title ?? name, model })
          }
        />
      )}
      <ByHand isAlone={prompts.length === 0}>
        <CreateContext
          onCreated={(created, recipe) => {
            contexts.add(created, recipe);
            const { id: contextId, mode, model } = created;
            conversations.start({ contextId, mode, model });
          }}
        />
      </ByHand>
    </div>
  );
}

const loadPrompts = (client: ContextCacheClient) => client.request(PromptsDocument, {});

/** Models are asked for only once the form is seen. */
function ByHand({ isAlone, children }: { isAlone: boolean; children: ReactNode }) {
  const { words } = useLanguage();
  const [isOpen, setOpen] = useState(isAlone);
  return (
    <details className="by-hand" open={isAlone} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{words.byHand}</summary>
      {isOpen && children}
    </details>
  );
}
