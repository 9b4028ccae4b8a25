import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser';
import { badResponse } from '../errors/gateway-error.js';

/** Reads server-sent events, however their bytes are cut. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private readonly parser: EventSourceParser;
  private events: EventSourceMessage[] = [];
  private endedInCarriageReturn = false;
  private isTooLarge = false;

  /** `maxEventLength`: characters of the largest event. */
  constructor(private readonly maxEventLength: number) {
    this.parser = createParser({
      maxBufferSize: maxEventLength,
      onEvent: (event) => this.events.push(event),
      onError: ({ type }) => {
        this.isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
  }

  /** The events whose last byte is among these; throws at an event that is too large, after those before it. */
  read(bytes: Uint8Array): Generator<EventSourceMessage, void> {
    return this.feed(this.decoder.decode(bytes, { stream: true }));
  }

  /** The events that the end of the stream completes: a last event may lack the empty line behind it. */
  end(): Generator<EventSourceMessage, void> {
    return this.feed(`${this.decoder.decode()}\n`);
  }

  private *feed(text: string): Generator<EventSourceMessage, void> {
    if (!this.isTooLarge) this.parser.feed(this.normalise(text));
    const { events } = this;
    this.events = [];
    yield* events;
    if (this.isTooLarge)
      throw badResponse(`one of its events is larger than ${this.maxEventLength} characters`);
  }

  /** CR and CRLF become LF at once: the parser would hold a CR back until it sees what follows. */
  private normalise(text: string): string {
    if (text === '') return text;
    const rest = this.endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
