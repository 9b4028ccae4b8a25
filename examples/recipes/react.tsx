/** npm install graphql-context-cache-client react react-dom */
import { createContextCacheClient } from 'graphql-context-cache-client';
import { useContextChat } from 'graphql-context-cache-client/react';
import { type FormEvent, useState } from 'react';

const client = createContextCacheClient({ url: '/graphql' });

const STATUS = { ready: '', submitted: 'Waiting…', streaming: 'Answering…', error: '' };

export function Chat() {
  const chat = useContextChat({ client, prompt: 'support-zh' });
  const { messages, status, error, usage } = chat;
  const [question, setQuestion] = useState('');
  const isBusy = status === 'submitted' || status === 'streaming';
  const ask = (event: FormEvent) => {
    event.preventDefault();
    void chat.send(question);
    setQuestion('');
  };
  return (
    <section aria-label="Chat">
      <ol aria-live="polite" aria-busy={isBusy}>
        {messages.map(({ id, role, content }) => (
          <li key={id}>
            {role === 'user' ? 'You' : 'Assistant'}: {content}
          </li>
        ))}
      </ol>
      <output>{STATUS[status]}</output>
      {error && (
        <p role="alert">
          {error.code}: {error.message}{' '}
          <button type="button" onClick={() => void chat.regenerate()}>
            Try again
          </button>
        </p>
      )}
      <form onSubmit={ask}>
        <input
          aria-label="Your question"
          value={question}
          onChange={({ target }) => setQuestion(target.value)}
        />
        <button type="submit" disabled={isBusy || question.trim() === ''}>
          Send
        </button>
        {isBusy && (
          <button type="button" onClick={chat.stop}>
            Stop
          </button>
        )}
      </form>
      {usage && <p>{usage.promptTokensDetails?.cachedTokens ?? 0} tokens came from the cache.</p>}
    </section>
  );
}
