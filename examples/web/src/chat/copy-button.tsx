import { useEffect, useState } from 'react';
import { useLanguage } from '../words/language';

const SHOWN_MS = 2_000;

/** Says for two seconds that it has copied. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const { words } = useLanguage();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  // Only pages served over HTTPS or from localhost have a clipboard.
  if (!navigator.clipboard) return null;
  return (
    <button
      type="button"
      className="small"
      onClick={() => navigator.clipboard.writeText(text()).then(() => setCopied(true))}
    >
      <span aria-live="polite">{isCopied ? words.copied : label}</span>
    </button>
  );
}
