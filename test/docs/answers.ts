/** Differs at each run, but where it comes again it is the same. */
const NAMES = /^(?:id|contextId|requestId|cursor|endCursor)$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** The names that a document shows, and what stands for them in this run. */
export type Learnt = Map<string, string>;

export function withLearnt(text: string, learnt: Learnt): string {
  return [...learnt].reduce((result, [shown, real]) => result.replaceAll(shown, real), text);
}

/** What came, with the names and times that are shown in place of its own wherever they may differ. */
export function asShown(came: unknown, shown: unknown, learnt: Learnt, key = ''): unknown {
  if (Array.isArray(came) && Array.isArray(shown)) {
    // A list may be shown by its first entries.
    return came.slice(0, shown.length).map((item, place) => asShown(item, shown[place], learnt));
  }
  if (isObject(came) && isObject(shown)) {
    return Object.fromEntries(
      Object.entries(came).map(([name, value]) => [name, asShown(value, shown[name], learnt, name)]),
    );
  }
  if (typeof came !== 'string' || typeof shown !== 'string') return came;
  if (TIME.test(came) && TIME.test(shown)) return shown;
  if (!NAMES.test(key)) return came;
  if (!learnt.has(shown)) learnt.set(shown, came);
  return learnt.get(shown) === came ? shown : came;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
