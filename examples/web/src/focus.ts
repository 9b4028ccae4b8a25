import { useEffect } from 'react';

export function focusMain(): void {
  document.getElementById('main')?.focus();
}

/** The field for the next question, or else the main part. */
export function focusQuestion(): void {
  const field = document.getElementById('question');
  if (field) field.focus({ preventScroll: true });
  else focusMain();
}

/** If the focused element disappears, browsers leave the focus nowhere: it then goes to the question. */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    const remember = ({ target }: FocusEvent) => {
      last = target as Element;
    };
    const observer = new MutationObserver(() => {
      if (document.activeElement !== document.body || !last || last.isConnected) return;
      last = null;
      focusQuestion();
    });
    document.addEventListener('focusin', remember);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', remember);
      observer.disconnect();
    };
  }, []);
}
