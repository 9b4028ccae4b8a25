import { FULL, RESTART, STALL } from './timeline.mjs';

/** Milliseconds after an answer within which trouble may have kept the server from noting it. */
const NOTING_MS = 1_000;

/** What the gateway has processed, and what it bills for it: the soak's own account, which knows nothing of the server's. */
export class Ledger {
  #byMarker = new Map();

  /** `isTold` and `endedAt` are set once the answer has gone out whole, or has broken off. */
  enter({ text, caller, kind }, facts) {
    const entry = {
      caller,
      kind,
      at: Date.now(),
      endedAt: undefined,
      isTold: false,
      isLost: false,
      ...facts,
    };
    const entries = this.#byMarker.get(text) ?? [];
    entries.push(entry);
    this.#byMarker.set(text, entries);
    return entry;
  }

  /** All that was processed for requests with this message. */
  entriesOf(text) {
    return this.#byMarker.get(text) ?? [];
  }

  /** By message. */
  allOf(caller) {
    return [...this.#byMarker.values()].filter(([first]) => first.caller === caller);
  }

  /** How many requests must have been processed once at most, and which of them were processed more often. */
  nothingTwice(timeline) {
    const problems = [];
    let judged = 0;
    for (const [text, entries] of this.#byMarker) {
      if (entries[0].kind === 'any') continue;
      judged++;
      for (let at = 1; at < entries.length; at++) {
        if (!mayFollow(entries, at, timeline)) problems.push(describe(text, entries, at));
      }
    }
    return { judged, problems };
  }
}

/** A context that the gateway has lost is created again from its messages; a chat never is processed again. */
function mayFollow(entries, at, timeline) {
  const before = entries[at - 1];
  if (before.operation === 'chat') return false;
  if (before.isLost) return true;
  // Neither what is shared nor what was lost has a key: it is created again where the answer or the note of it was lost.
  const isKeyed = before.kind === 'once' && at === 1;
  return !isKeyed && (!before.isTold || wasRough(before, timeline));
}

function wasRough({ at: from, endedAt: to }, timeline) {
  return timeline.had([...RESTART, FULL, STALL], { from, to, within: NOTING_MS });
}

function describe(text, entries, at) {
  const [before, again] = [entries[at - 1], entries[at]];
  const answer = before.isTold ? `told after ${before.endedAt - before.at} ms` : 'not told';
  return `processed again as number ${at + 1}, ${again.at - before.at} ms after one that was ${answer}: ${text} (${again.operation})`;
}
