import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { AppError } from '../errors.js';
import { GrowingBuffer } from '../growing-buffer.js';
import { badResponse } from './errors.js';

const LF = 0x0a;
const CR = 0x0d;

/** Reads server-sent events, however their bytes are cut. */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private readonly parser: EventSourceParser;
  /** The beginning of a line, which the parser would keep as a list of strings: in pieces of a byte they weigh a hundred times as much. */
  private readonly line = new GrowingBuffer();
  /** Bytes of lines since the last event: short lines weigh many times their length in the parser. */
  private unfinished = 0;
  private endedInCarriageReturn = false;
  private isTooLarge = false;

  /** `maxEventBytes`: of the largest event that is taken. */
  constructor(
    private readonly maxEventBytes: number,
    onEvent: (event: { event?: string | undefined; data: string }) => void,
  ) {
    this.parser = createParser({
      maxBufferSize: maxEventBytes,
      onEvent: (event) => {
        this.unfinished = 0;
        onEvent(event);
      },
      onError: ({ type }) => {
        this.isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
  }

  /**
   * Reads the events whose last byte is among these; without bytes: what the end of the stream completes. Throws at an
   * event that is too large, after those before it.
   */
  read(bytes: Buffer | undefined): void {
    if (this.isTooLarge) throw this.tooLarge();
    if (bytes && !bytes.includes(LF) && !bytes.includes(CR)) {
      this.line.append(bytes);
      this.isTooLarge = this.line.length > this.maxEventBytes;
    } else this.readLines(bytes);
    if (this.isTooLarge) throw this.tooLarge();
  }

  private readLines(bytes: Buffer | undefined): void {
    if (bytes && this.line.length > 0) this.line.append(bytes);
    const whole = this.line.length > 0 ? this.line.take() : bytes;
    this.unfinished += whole?.length ?? 0;
    const text = this.decoder.decode(whole, { stream: bytes !== undefined });
    // A last event may lack the empty line behind it; a last line that was cut off is not completed by this.
    this.parser.feed(this.normalise(text) + (bytes === undefined ? '\n' : ''));
    this.isTooLarge ||= this.unfinished > this.maxEventBytes;
  }

  private tooLarge(): AppError {
    return badResponse(`one of its events is larger than ${this.maxEventBytes} bytes`);
  }

  /** CR and CRLF become LF at once: the parser would hold a CR back until it sees what follows. */
  private normalise(text: string): string {
    if (text === '') return text;
    const rest = this.endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
