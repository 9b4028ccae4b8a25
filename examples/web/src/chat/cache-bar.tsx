import { useId } from 'react';
import { useLanguage } from '../words/language';

/** A bar of the prompt's tokens: from the cache, and newly processed. */
export function CacheBar({ cached, prompt }: { cached: number; prompt: number }) {
  const { words } = useLanguage();
  const hatch = useId();
  const share = prompt > 0 ? Math.round((100 * cached) / prompt) : 0;
  return (
    <div className="cache">
      <svg role="img" aria-label={words.fromCache(cached, prompt, share)}>
        <defs>
          {/* A pattern, so that colour is not the only difference. */}
          <pattern
            id={hatch}
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect className="fresh" width="6" height="6" />
            <rect className="stripe" width="2" height="6" />
          </pattern>
        </defs>
        <rect width="100%" height="100%" fill={`url(#${hatch})`} />
        <rect className="cached" width={`${share}%`} height="100%" />
      </svg>
      <p className="legend" aria-hidden="true">
        <span className="cached">{words.cached(cached)}</span>
        <span className="fresh">{words.fresh(prompt - cached)}</span>
        <strong>{share}%</strong>
      </p>
    </div>
  );
}
