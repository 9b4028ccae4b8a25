import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { EVENT_STREAM_TYPE } from './media-types.js';

/** Milliseconds to wait for the first result, so that it shares a packet with the headers. */
const BEGIN_MS = 100;
const COMMENT = ':\n\n';

/** Milliseconds. */
interface EventStreamTimes {
  /** Between two comments. */
  keepAliveMs: number;
  /** Until a client that reads nothing is disconnected. */
  stalledMs: number;
}

/**
 * Sends the results as server-sent events, in graphql-sse's "distinct connections mode". graphql-sse's own handler
 * would queue results without bound for a slow client. `lastEventId` is asked after each result.
 */
export async function sendEventStream(
  response: ServerResponse,
  results: AsyncIterable<ExecutionResult> | ExecutionResult[],
  { keepAliveMs, stalledMs }: EventStreamTimes,
  lastEventId: () => string | undefined,
): Promise<void> {
  response.writeHead(200, {
    'content-type': EVENT_STREAM_TYPE,
    'cache-control': 'no-store',
    // nginx would hold events back until its buffer is full.
    'x-accel-buffering': 'no',
  });
  // Some browsers report the response only with its first bytes.
  const begin = setTimeout(() => response.write(COMMENT), BEGIN_MS);
  // Proxies cut connections that are quiet for long.
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(COMMENT);
  }, keepAliveMs);
  try {
    for await (const result of results) {
      clearTimeout(begin);
      if (response.destroyed) break;
      const id = lastEventId();
      const event = `event: next\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(result)}\n\n`;
      if (!response.write(event)) await drained(response, stalledMs);
    }
    disconnectWhenStalled(response, stalledMs);
    response.end('event: complete\ndata:\n\n');
  } finally {
    clearTimeout(begin);
    clearInterval(keepAlive);
  }
}

/** Waits until the client has read what was written, or is gone. */
function drained(response: ServerResponse, stalledMs: number): Promise<void> {
  disconnectWhenStalled(response, stalledMs);
  return new Promise((resolve) => {
    const done = () => {
      response.setTimeout(0);
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** Node checks the connection once per timeout, and ends it at the second check in a row that finds nothing read. */
function disconnectWhenStalled(response: ServerResponse, stalledMs: number): void {
  response.setTimeout(stalledMs / 2);
}
