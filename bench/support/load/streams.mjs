import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../statistics.mjs';
import { chatStreamPayload } from './operations.mjs';
import { SseCaller, WebSocketCaller } from './transports.mjs';

/** Events after the chunks: the finish reason, and the end with the usage. */
const EVENTS_AT_END = 2;

/**
 * Keeps one stream open per context for `ms`, opening a new one after each end; the first ones start at even intervals.
 * @param {{ url: string, transport: 'sse' | 'ws', contextIds: string[], chunks: number, everyMs: number,
 *   ms: number, onDisconnect?: string }} options everyMs: between two chunks of one stream
 */
export async function chatStreams({ url, transport, contextIds, chunks, everyMs, ms, onDisconnect }) {
  const newCaller = () => (transport === 'ws' ? new WebSocketCaller(url) : new SseCaller(url));
  const goesOn = onDisconnect === 'CONTINUE';
  const all = chunks + EVENTS_AT_END;
  const firstTokens = [];
  let events = 0;
  const from = performance.now();
  const readStreams = async (contextId, place) => {
    const caller = newCaller();
    try {
      await caller.open();
      await sleep((place / contextIds.length) * chunks * everyMs);
      while (performance.now() - from < ms) {
        const stream = await readStream(
          caller,
          chatStreamPayload(contextId, { chunks, everyMs }, onDisconnect),
        );
        // A stream that goes on begins with ChatStarted, and joins chunks that come at once.
        const isComplete = goesOn ? stream.events <= all + 1 : stream.events === all;
        if (!isComplete) throw new Error(`${stream.events} events came`);
        events += all;
        firstTokens.push(stream.firstToken);
      }
    } finally {
      await caller.close();
    }
  };
  await Promise.all(contextIds.map(readStreams));
  return {
    events,
    streams: firstTokens.length,
    firstTokenP50: quantile(firstTokens, 0.5),
    firstTokenP99: quantile(firstTokens, 0.99),
  };
}

async function readStream(caller, payload) {
  const sent = performance.now();
  let events = 0;
  let firstToken;
  let last = '';
  await caller.read(payload, (count, text) => {
    firstToken ??= performance.now() - sent;
    events += count;
    last = text;
  });
  if (!last.includes('"promptTokens":23')) throw new Error(`the stream ends in ${last.slice(-1_000)}`);
  return { events, firstToken };
}
