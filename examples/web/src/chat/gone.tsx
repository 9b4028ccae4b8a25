import type { ContextCacheError } from 'graphql-context-cache-client';
import { useState } from 'react';
import { ProblemNote } from '../problem-note';
import { toError } from '../session/use-load';
import { useLanguage } from '../words/language';

interface GoneProps {
  isSession: boolean;
  startAgain: (() => Promise<void>) | undefined;
  onNew: () => void;
}

/** In place of the composer: the context is gone, and what helps. */
export function Gone({ isSession, startAgain, onNew }: GoneProps) {
  const { words } = useLanguage();
  const [error, setError] = useState<ContextCacheError>();
  const [isBusy, setBusy] = useState(false);
  async function press() {
    if (isBusy || !startAgain) return;
    setBusy(true);
    setError(undefined);
    await startAgain().catch((thrown) => setError(toError(thrown)));
    setBusy(false);
  }
  return (
    <div className="composer gone">
      <p role="alert">{isSession ? words.sessionGone : words.prefixGone}</p>
      {startAgain ? (
        <button type="button" className="primary" aria-disabled={isBusy} onClick={press}>
          {isBusy ? words.creating : words.startAgain}
        </button>
      ) : (
        <button type="button" className="primary" onClick={onNew}>
          {words.newChat}
        </button>
      )}
      {startAgain && <p className="hint">{isSession ? words.sessionAgainHint : words.prefixAgainHint}</p>}
      {error && <ProblemNote error={error} />}
    </div>
  );
}
