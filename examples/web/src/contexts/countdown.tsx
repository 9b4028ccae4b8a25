import { useEffect, useState } from 'react';
import { useLanguage } from '../words/language';

/** The remaining time, updated every second. */
export function Countdown({ until }: { until: string | null | undefined }) {
  const { words } = useLanguage();
  const seconds = useSecondsUntil(until);
  if (until == null) return <span>{words.expiryUnknown}</span>;
  const state = seconds === 0 ? 'over' : seconds < 300 ? 'soon' : 'far';
  return (
    <time dateTime={until} role="timer" className={`countdown ${state}`}>
      {seconds === 0 ? words.expired : words.expiresIn(Math.floor(seconds / 86_400), clock(seconds))}
    </time>
  );
}

function useSecondsUntil(until: string | null | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (until == null) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.floor((Date.parse(until) - now) / 1_000));
}

/** Hours, minutes and seconds without whole days, as 23:59:59. */
function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Whether the time is over. */
export function useIsOver(until: string | null | undefined): boolean {
  const isOver = () => until != null && Date.parse(until) <= Date.now();
  const [, setOver] = useState(isOver);
  useEffect(() => {
    if (until == null) return;
    const timer = setInterval(() => setOver(Date.parse(until) <= Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [until]);
  return isOver();
}
