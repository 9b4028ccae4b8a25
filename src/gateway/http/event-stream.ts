import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { AppError } from '../../errors.js';
import { badResponse } from '../errors/gateway-error.js';

/** Reads server-sent events, however their bytes are cut. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private readonly parser: EventSourceParser;
  private endedInCarriageReturn = false;
  private isTooLarge = false;

  /** `maxEventLength`: characters of the largest event that is taken. */
  constructor(
    private readonly maxEventLength: number,
    onEvent: (event: { event?: string | undefined; data: string }) => void,
  ) {
    this.parser = createParser({
      maxBufferSize: maxEventLength,
      onEvent,
      onError: ({ type }) => {
        this.isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
  }

  /**
   * Reads the events whose last byte is among these; without bytes: what the end of the stream completes. Throws at an
   * event that is too large, after those before it.
   */
  read(bytes: Uint8Array | undefined): void {
    if (this.isTooLarge) throw this.tooLarge();
    const text = this.decoder.decode(bytes, { stream: bytes !== undefined });
    // A last event may lack the empty line behind it; a last line that was cut off is not completed by this.
    this.parser.feed(this.normalise(text) + (bytes === undefined ? '\n' : ''));
    if (this.isTooLarge) throw this.tooLarge();
  }

  private tooLarge(): AppError {
    return badResponse(`one of its events is larger than ${this.maxEventLength} characters`);
  }

  /** CR and CRLF become LF at once: the parser would hold a CR back until it sees what follows. */
  private normalise(text: string): string {
    if (text === '') return text;
    const rest = this.endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
