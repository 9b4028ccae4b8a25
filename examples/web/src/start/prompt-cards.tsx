import type { PromptsQuery } from 'graphql-context-cache-client';
import { useLanguage } from '../words/language';

interface PromptCardsProps {
  prompts: PromptsQuery['prompts'];
  onChoose: (prompt: { name: string; title: string }) => void;
}

export function PromptCards({ prompts, onChoose }: PromptCardsProps) {
  const { words } = useLanguage();
  return (
    <>
      <p className="hint">{words.promptsHint}</p>
      <ul className="cards">
        {prompts.map(({ name, title, description, model, cache }) => (
          <li key={name}>
            <button type="button" onClick={() => onChoose({ name, title: title ?? name })}>
              <strong>{title ?? name}</strong>
              {description && <span>{description}</span>}
              <small>
                {model} ·{' '}
                <span className={`cache-state ${cache.state}`}>{words.cacheStates[cache.state]}</span>
              </small>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
