import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Make } from '../pushed.js';

/** A reader who takes nothing for this long (milliseconds) is gone. */
const STALLED_MS = 60_000;

export function wantsEventStream({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && (headers.accept ?? '').includes('text/event-stream');
}

/**
 * Answers with the results as server-sent events, in graphql-sse's "distinct connections mode". Written here because
 * graphql-sse's own handler puts results into an unbounded list while the reader dawdles.
 * `keepAliveMs`: milliseconds between two comments.
 */
export async function answerEventStream(
  response: ServerResponse,
  results: Make<ExecutionResult>,
  keepAliveMs: number,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    // nginx would hold events back until its buffer is full.
    'x-accel-buffering': 'no',
  });
  // Some browsers hear of the response only with its first bytes.
  response.write(':\n\n');
  response.setTimeout(STALLED_MS, () => response.destroy());
  // Proxies cut a stream that is quiet for long.
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n');
  }, keepAliveMs);
  try {
    await results((result) => write(response, `event: next\ndata: ${JSON.stringify(result)}\n\n`));
    response.end('event: complete\ndata:\n\n');
  } finally {
    clearInterval(keepAlive);
  }
}

/** Waits for a reader who is slower than the gateway, so that nothing piles up here. */
function write(response: ServerResponse, text: string): Promise<void> | undefined {
  if (response.destroyed || response.write(text)) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
