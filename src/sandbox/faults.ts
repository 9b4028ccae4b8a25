import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { ApiError } from './api-error.js';

/** Simulated faults, for testing clients. */
export interface Faults {
  /** Answer every call with this HTTP status. */
  status?: number;
  /** Milliseconds before each answer. */
  delayMs?: number;
  /** Close the connection after this many bytes of the response's body. */
  cutAfterBytes?: number;
  /** Send nothing after this many events of a stream, until the client disconnects. */
  stallAfterEvents?: number;
}

export async function withFaults(
  { status, delayMs, cutAfterBytes }: Faults,
  response: ServerResponse,
  answer: () => Promise<void>,
): Promise<void> {
  if (delayMs !== undefined) await delay(delayMs, response);
  if (response.destroyed) return;
  if (cutAfterBytes !== undefined) cut(response, cutAfterBytes);
  if (status !== undefined)
    throw new ApiError(status, 'SandboxFault', 'The sandbox was asked for this fault.');
  return answer();
}

async function delay(milliseconds: number, response: ServerResponse): Promise<void> {
  const disconnected = new AbortController();
  response.once('close', () => disconnected.abort());
  await setTimeout(milliseconds, undefined, { signal: disconnected.signal }).catch(() => undefined);
}

/** Overrides the response's write and end to destroy the connection after so many bytes. */
function cut(response: ServerResponse, maxBytes: number): void {
  let left = maxBytes;
  const { write, end } = response;
  response.write = (chunk: unknown) => {
    const bytes = Buffer.from(String(chunk)).subarray(0, left);
    left -= bytes.length;
    const isCut = left === 0;
    return write.call(response, bytes, 'utf8', () => isCut && response.destroy());
  };
  response.end = (chunk?: unknown) => {
    if (chunk !== undefined) response.write(chunk);
    return left > 0 ? end.call(response, undefined as never, 'utf8') : response;
  };
}
