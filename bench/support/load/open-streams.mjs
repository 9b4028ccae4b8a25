import { chatStreamPayload } from './operations.mjs';
import { SseCaller } from './transports.mjs';

/** More concurrent connects would overflow the listen backlog. */
const AT_ONCE = 100;

/**
 * Opens a stream per context and waits for the first chunk of each (of a stream that goes on, after ChatStarted); the streams stay open and silent.
 * @param {{ url: string, contextIds: string[], onDisconnect?: string }} options
 * @returns {Promise<() => Promise<void>>} a function that reads all streams to their end
 */
export async function openStreams({ url, contextIds, onDisconnect }) {
  const ends = [];
  let next = 0;
  const worker = async () => {
    while (next < contextIds.length) {
      const contextId = contextIds[next];
      next += 1;
      ends.push(await openStream(url, contextId, onDisconnect));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
}

async function openStream(url, contextId, onDisconnect) {
  const caller = new SseCaller(url);
  let begin;
  const begun = new Promise((resolve) => {
    begin = resolve;
  });
  const payload = chatStreamPayload(contextId, { hold: true }, onDisconnect);
  const first = onDisconnect === 'CONTINUE' ? 2 : 1;
  let events = 0;
  const ended = caller.read(payload, (count) => {
    events += count;
    if (events >= first) begin();
  });
  await Promise.race([begun, ended]);
  return async () => {
    await ended;
    await caller.close();
  };
}
