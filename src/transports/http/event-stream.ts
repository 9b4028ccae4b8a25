import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Make } from '../../util/pushed.js';
import { EVENT_STREAM_TYPE } from './media-types.js';

/** Milliseconds after which a stream begins without its first result, which as a rule would come in the same packet. */
const BEGIN_MS = 100;
const COMMENT = ':\n\n';

/** Milliseconds. */
interface EventStreamTimes {
  /** Between two comments. */
  keepAliveMs: number;
  /** A reader who takes nothing of what waits for so long is gone. */
  stalledMs: number;
}

/**
 * Answers with the results as server-sent events, in graphql-sse's "distinct connections mode". Written here because
 * graphql-sse's own handler puts results into an unbounded list while the reader dawdles.
 */
export async function answerEventStream(
  response: ServerResponse,
  results: Make<ExecutionResult>,
  { keepAliveMs, stalledMs }: EventStreamTimes,
): Promise<void> {
  response.writeHead(200, {
    'content-type': EVENT_STREAM_TYPE,
    'cache-control': 'no-store',
    // nginx would hold events back until its buffer is full.
    'x-accel-buffering': 'no',
  });
  // Some browsers hear of the response only with its first bytes.
  let begin: NodeJS.Timeout | undefined = setTimeout(() => response.write(COMMENT), BEGIN_MS);
  // Proxies cut a stream that is quiet for long.
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(COMMENT);
  }, keepAliveMs);
  try {
    await results((result) => {
      clearTimeout(begin);
      // A timer that was looked at 40 ms ago has left the processor's caches by the next event.
      begin = undefined;
      return write(response, `event: next\ndata: ${JSON.stringify(result)}\n\n`, stalledMs);
    });
    cutWhereStalled(response, stalledMs);
    response.end('event: complete\ndata:\n\n');
  } finally {
    clearTimeout(begin);
    clearInterval(keepAlive);
  }
}

/** Waits for a reader who is slower than the gateway, so that nothing piles up here. */
function write(response: ServerResponse, text: string, stalledMs: number): Promise<void> | undefined {
  if (response.destroyed || response.write(text)) return undefined;
  // Only here, as a time-out that runs all the time is set anew by each event.
  cutWhereStalled(response, stalledMs);
  return new Promise((resolve) => {
    const done = () => {
      response.setTimeout(0);
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** Node looks at the connection once in this time, and ends it at the second look in a row that finds nothing taken. */
function cutWhereStalled(response: ServerResponse, stalledMs: number): void {
  response.setTimeout(stalledMs / 2);
}
