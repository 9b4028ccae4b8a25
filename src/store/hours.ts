/** Usage is summed up by the hour. */
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The beginning of an hour (UTC). */
export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}

/** The beginning of a day (UTC). */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS) * DAY_MS;
}
