import { StrictMode, useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import { createContextCacheClient } from '../../client/src/index.js';
import { useContextChat } from '../../client/src/react/index.js';

const parameters = new URLSearchParams(location.search);
const client = createContextCacheClient({ url: '/graphql', transport: parameters.get('transport') ?? 'sse' });

/** As plain as a page on the hook can be. */
function App() {
  const [temperature, setTemperature] = useState(0);
  const { messages, status, error, usage, send, stop, regenerate, edit } = useContextChat({
    client,
    prompt: 'support',
    parameters: { temperature },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send(event.currentTarget.elements.question.value);
      }}
    >
      <ol>
        {messages.map(({ id, role, content, state }) => (
          <li key={id} className={`${role} ${state}`}>
            {content}
          </li>
        ))}
      </ol>
      <output>{[status, error?.code, usage?.promptTokensDetails?.cachedTokens].join(' ').trim()}</output>
      <input name="question" aria-label="Question" />
      <button type="button" onClick={() => setTemperature(1)}>
        Creative
      </button>
      <button type="submit">Send</button>
      <button type="button" onClick={stop}>
        Stop
      </button>
      <button type="button" onClick={regenerate}>
        Regenerate
      </button>
      <button type="button" onClick={() => edit(messages[0].id, 'edited')}>
        Edit
      </button>
    </form>
  );
}

document.title = `React ${version.split('.')[0]}`;
createRoot(document.body.appendChild(document.createElement('main'))).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
