import type { PromptsQuery } from 'graphql-context-cache-client';
import { useLanguage } from '../words/language';

type Prompt = PromptsQuery['prompts'][number];

interface PromptCardsProps {
  prompts: readonly Prompt[];
  onChoose: (prompt: Prompt) => void;
}

/** The operator's prompts, to begin a chat with. */
export function PromptCards({ prompts, onChoose }: PromptCardsProps) {
  const { words } = useLanguage();
  return (
    <section aria-labelledby="prompts">
      <h2 id="prompts">{words.choosePrompt}</h2>
      <ul className="cards">
        {prompts.map((prompt) => (
          <li key={prompt.name}>
            <button type="button" className="card" onClick={() => onChoose(prompt)}>
              <strong>{prompt.title ?? prompt.name}</strong>
              {prompt.description && <span>{prompt.description}</span>}
              <small className="facts">
                <span>{prompt.model}</span>
                <span className={`state ${prompt.cache.state.toLowerCase()}`}>
                  {words.promptStates[prompt.cache.state]}
                </span>
              </small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
