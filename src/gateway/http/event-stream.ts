import { createParser, type EventSourceParser } from 'eventsource-parser';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import { badResponse } from '../errors/gateway-error.js';

export interface ServerSentEvent {
  event?: string | undefined;
  data: string;
}

const LF = 0x0a;
const CR = 0x0d;

/** Parses server-sent events, however their bytes are cut. */
export class EventStreamParser {
  private readonly decoder = new TextDecoder();
  private readonly parser: EventSourceParser;
  private parsed: ServerSentEvent[] = [];
  /** The beginning of a line. The parser keeps it as a list of strings, which for one-byte chunks weighs a hundred times as much. */
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
        this.parsed.push(event);
      },
      onError: ({ type }) => {
        this.isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
  }

  /** Yields the events that these bytes complete; undefined ends the stream. Throws at one that is too large. */
  *parse(bytes: Buffer | undefined): Generator<ServerSentEvent> {
    if (!this.isTooLarge) this.read(bytes);
    const { parsed } = this;
    this.parsed = [];
    yield* parsed;
    if (this.isTooLarge) throw badResponse(`one of its events is larger than ${this.maxEventBytes} bytes`);
  }

  private read(bytes: Buffer | undefined): void {
    const isWithinLine = bytes !== undefined && !bytes.includes(LF) && !bytes.includes(CR);
    if (bytes && (isWithinLine || this.line.length > 0)) this.line.append(bytes);
    if (isWithinLine) {
      this.isTooLarge = this.line.length > this.maxEventBytes;
      return;
    }
    const lines = this.line.length > 0 ? this.line.take() : bytes;
    this.unfinishedBytes += lines?.length ?? 0;
    const text = this.decoder.decode(lines, { stream: bytes !== undefined });
    // The last event may lack its empty line. This does not complete a last line that was cut off.
    this.parser.feed(this.normalise(text) + (bytes === undefined ? '\n' : ''));
    this.isTooLarge ||= this.unfinishedBytes > this.maxEventBytes;
  }

  /** Turns CR and CRLF into LF at once: the parser would hold a CR back until it sees what follows. */
  private normalise(text: string): string {
    if (text === '') return text;
    const rest = this.endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
