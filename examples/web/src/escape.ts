import { useEffect } from 'react';
import { isComposing } from './composing';

/** Escape acts, unless it closes what is in front, or ends the composition of a word. */
export function useEscape(isOn: boolean, act: () => void, inFront = ':popover-open'): void {
  useEffect(() => {
    if (!isOn) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const isTaken =
        isComposing(event) || event.defaultPrevented || document.querySelector(inFront) !== null;
      if (event.key !== 'Escape' || isTaken) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [isOn, act, inFront]);
}
