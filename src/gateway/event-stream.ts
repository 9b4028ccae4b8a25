import { createParser } from 'eventsource-parser';
import type { AppError } from '../errors.js';
import { badResponse } from './errors.js';

/** Reads server-sent events, however their bytes are cut. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private readonly normalise = lineFeeds();
  private isTooLarge = false;
  private readonly parser = createParser({
    maxBufferSize: this.maxEventLength,
    onEvent: ({ data }) => this.onData(data),
    onError: ({ type }) => {
      this.isTooLarge ||= type === 'max-buffer-size-exceeded';
    },
  });

  /** `maxEventLength`: characters of the largest event that is taken. `onData` gets the data of each event. */
  constructor(
    private readonly maxEventLength: number,
    private readonly onData: (data: string) => void,
  ) {}

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
}

/** CR and CRLF become LF at once: the parser would hold a CR back until it sees what follows. */
function lineFeeds(): (text: string) => string {
  let endedInCarriageReturn = false;
  return (text) => {
    if (text === '') return text;
    const rest = endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  };
}
