import { useEffect, useRef } from 'react';

/** Scrolls to the newest text, unless the user has scrolled up. */
export function useFollow(messages: readonly unknown[]): void {
  const count = useRef(messages.length);
  useEffect(() => {
    const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
    const isNew = messages.length !== count.current;
    count.current = messages.length;
    if (isNew || scrollHeight - scrollTop - clientHeight < 200) window.scrollTo({ top: scrollHeight });
  }, [messages]);
}
