import { createParser, type EventSourceParser } from 'eventsource-parser';
import { badResponse } from '../errors/gateway-error.js';

export interface ServerSentEvent {
  event?: string | undefined;
  data: string;
}

/** Parses server-sent events, however their bytes are cut. */
export class EventStreamParser {
  private readonly decoder = new TextDecoder();
  private readonly parser: EventSourceParser;
  private parsed: ServerSentEvent[] = [];
  private endedInCarriageReturn = false;
  private isTooLarge = false;

  /** `maxEventLength`: characters of the largest event. */
  constructor(private readonly maxEventLength: number) {
    this.parser = createParser({
      maxBufferSize: maxEventLength,
      onEvent: (event) => this.parsed.push(event),
      onError: ({ type }) => {
        this.isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
  }

  /** The events that these bytes complete, or the end of the stream where there are none. Throws at one that is too large. */
  *parse(bytes: Uint8Array | undefined): Generator<ServerSentEvent> {
    if (!this.isTooLarge) {
      const text = this.decoder.decode(bytes, { stream: bytes !== undefined });
      // The last event may lack its empty line. This does not complete a last line that was cut off.
      this.parser.feed(this.normalise(text) + (bytes === undefined ? '\n' : ''));
    }
    const { parsed } = this;
    this.parsed = [];
    yield* parsed;
    if (this.isTooLarge)
      throw badResponse(`one of its events is larger than ${this.maxEventLength} characters`);
  }

  /** Turns CR and CRLF into LF at once: the parser would hold a CR back until it sees what follows. */
  private normalise(text: string): string {
    if (text === '') return text;
    const rest = this.endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
