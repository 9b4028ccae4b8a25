import { createParser } from 'eventsource-parser';
import type { AppError } from '../errors.js';
import { badResponse } from './errors.js';

/** Reads server-sent events, however their bytes are cut. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private readonly normalise = lineFeeds();
  private readonly ready: string[] = [];
  private isTooLarge = false;
  private readonly parser = createParser({
    maxBufferSize: this.maxEventLength,
    onEvent: ({ data }) => this.ready.push(data),
    onError: ({ type }) => {
      this.isTooLarge ||= type === 'max-buffer-size-exceeded';
    },
  });

  /** `maxEventLength`: characters of the largest event that is taken. */
  constructor(private readonly maxEventLength: number) {}

  /**
   * The data of each event whose last byte is among these; without bytes: of what the end of the stream completes. Those
   * before an event that is too large come first.
   */
  read(bytes: Uint8Array | undefined): string[] {
    if (this.isTooLarge) throw this.tooLarge();
    const text = this.decoder.decode(bytes, { stream: bytes !== undefined });
    // A last event may lack the empty line behind it; a last line that was cut off is not completed by this.
    this.parser.feed(this.normalise(text) + (bytes === undefined ? '\n' : ''));
    if (this.isTooLarge && this.ready.length === 0) throw this.tooLarge();
    return this.ready.splice(0);
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
