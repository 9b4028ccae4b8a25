import type { ChatMessage } from 'graphql-context-cache-client/react';
import { useLanguage } from '../words/language';
import { CacheBar } from './cache-bar';
import { Cost } from './cost';

/** What an answer cost, and how it used the cache. */
export function UsageView({ message: { usage, cache } }: { message: ChatMessage }) {
  const { words } = useLanguage();
  return (
    <div className="usage">
      {usage ? (
        <CacheBar cached={usage.promptTokensDetails?.cachedTokens ?? 0} prompt={usage.promptTokens} />
      ) : (
        <p className="hint">{words.usageUnknown}</p>
      )}
      <Cost money={usage?.cost?.total} />
      {cache && (
        <p className="hint cache-use">
          {cache.reason ? words.bypassReasons[cache.reason] : words.cacheUses[cache.status]}
        </p>
      )}
    </div>
  );
}
