import { type DestinationStream, type Logger, pino } from 'pino';
import type { Totals } from '../store/store.js';
import type { FinishedOperation, OnFinished } from './work.js';

/** One JSON object a line on stdout. */
export function createLog(level: string, destination: DestinationStream = stdout()): Logger {
  return pino({ level, serializers: { err: describeError } }, destination);
}

/**
 * Buffers up to 4 KB for 100 ms, because a write costs more than a line. sonic-boom copies the whole buffer for each line, so a
 * larger one would cost more. Writes block while the reader is slow, so the buffer is bounded.
 */
function stdout(): DestinationStream {
  const destination = pino.destination({ sync: true, minLength: 4_096, periodicFlush: 100 });
  // Its own flushSync, which pino calls after a fatal error, would repeat a write forever after the reader has gone.
  destination.flushSync = () => destination.flush();
  process.once('exit', () => destination.flushSync());
  return destination;
}

/** A line for each operation. */
export function logOperations(log: Logger): OnFinished {
  return (finished) => {
    const { requestId, callerId: caller, kind, name, fields, durationMs, gatewayCalls, codes } = finished;
    const [prompt] = finished.prompts;
    log.info(
      {
        requestId,
        caller,
        operation: name,
        kind,
        fields,
        durationMs: Math.round(durationMs),
        gateway:
          gatewayCalls.length > 0 ? gatewayCalls.map(({ status, outcome }) => status ?? outcome) : undefined,
        prompt: prompt?.name,
        cache: prompt?.cache,
        tokens: finished.tokens.length > 0 ? sum(finished) : undefined,
        codes: codes.length > 0 ? codes : undefined,
      },
      'operation',
    );
  };
}

function sum({ tokens }: FinishedOperation): Omit<Totals, 'chats' | 'estimatedTokens'> {
  const of = (kind: keyof Totals) => tokens.reduce((total, one) => total + one[kind], 0);
  return {
    promptTokens: of('promptTokens'),
    cachedTokens: of('cachedTokens'),
    completionTokens: of('completionTokens'),
  };
}

/** Known fields only: libraries attach requests to their errors, prompts and keys included. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack = '', cause, code } = error as NodeJS.ErrnoException;
  return {
    type: name,
    ...(!quotesItsInput(name, String(code)) && { message }),
    ...(typeof code === 'string' && { code }),
    stack: stack.split('\n').filter((line) => line.startsWith('    at ')),
    ...(cause !== undefined && { cause: describeError(cause) }),
  };
}

/** Messages of parsers and argument checks quote their input, Node's the reason of a rejection. */
function quotesItsInput(name: string, code: string): boolean {
  return name === 'SyntaxError' || /^ERR_(INVALID_|OUT_OF_RANGE|UNHANDLED_REJECTION)/.test(code);
}
