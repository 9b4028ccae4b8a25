import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import { badResponse } from '../errors/gateway-error.js';

const LF = 0x0a;
const CR = 0x0d;

/** Reads server-sent events, however their bytes are cut. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private readonly parser: EventSourceParser;
  private events: EventSourceMessage[] = [];
  /** The beginning of a line. The parser would keep it as a list of strings, which for one-byte chunks weighs a hundred times as much. */
  private readonly line = new GrowingBuffer();
  /** Bytes of lines since the last event: short lines weigh many times their length in the parser. */
  private unfinishedBytes = 0;
  private endedInCarriageReturn = false;
  private isTooLarge = false;

  constructor(private readonly maxEventBytes: number) {
    this.parser = createParser({
      maxBufferSize: maxEventBytes,
      onEvent: (event) => {
        this.unfinishedBytes = 0;
        this.events.push(event);
      },
      onError: ({ type }) => {
        this.isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
  }

  /** The events whose last byte is among these; throws at an event that is too large, after those before it. */
  *read(bytes: Buffer): Generator<EventSourceMessage, void> {
    const hasLineEnd = bytes.includes(LF) || bytes.includes(CR);
    if (!hasLineEnd || this.line.length > 0) this.line.append(bytes);
    if (hasLineEnd) this.feed(this.line.length > 0 ? this.line.take() : bytes);
    else this.isTooLarge ||= this.line.length > this.maxEventBytes;
    yield* this.take();
  }

  /** The events that the end of the stream completes: a last event may lack the empty line behind it. */
  *end(): Generator<EventSourceMessage, void> {
    if (this.line.length > 0) this.feed(this.line.take());
    this.parser.feed(this.normalise(this.decoder.decode()));
    this.parser.feed('\n');
    yield* this.take();
  }

  private feed(lines: Buffer): void {
    if (this.isTooLarge) return;
    this.unfinishedBytes += lines.length;
    this.parser.feed(this.normalise(this.decoder.decode(lines, { stream: true })));
    this.isTooLarge ||= this.unfinishedBytes > this.maxEventBytes;
  }

  private *take(): Generator<EventSourceMessage, void> {
    const { events } = this;
    this.events = [];
    yield* events;
    if (this.isTooLarge) throw badResponse(`one of its events is larger than ${this.maxEventBytes} bytes`);
  }

  /** CR and CRLF become LF at once: the parser would hold a CR back until it sees what follows. */
  private normalise(text: string): string {
    if (text === '') return text;
    const rest = this.endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
