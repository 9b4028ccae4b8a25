import { useEffect, useState } from 'react';
import { useLanguage } from './words/language';

const SHOWN_MS = 2_000;

export function CopyButton({ text, name }: { text: string; name: string }) {
  const { words } = useLanguage();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <>
      <button type="button" className="quiet" onClick={async () => setCopied(await copy(text))}>
        {isCopied ? words.copied : name}
      </button>
      <span className="for-ears" aria-live="polite">
        {isCopied && words.copied}
      </span>
    </>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Pages that came over plain HTTP have no clipboard. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement as HTMLElement | null;
  const field = document.createElement('textarea');
  field.className = 'for-ears';
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  focused?.focus();
  return isCopied;
}
