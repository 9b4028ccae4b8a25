import type { AppError } from '../errors.js';
import { GrowingBuffer } from '../growing-buffer.js';
import type { Give } from '../pushed.js';
import type { Answer } from './answer.js';
import type { Exchange } from './connections.js';
import { readHiddenEnvelope } from './envelope.js';
import { badResponse, transportError } from './errors.js';
import { EventStreamReader } from './event-stream.js';
import { single } from './headers.js';
import { asObject, type JsonObject, parseJson } from './json.js';
import { type ByteSource, codingOf, Unpacked } from './unpacked.js';

/** How long the few bytes behind `[DONE]` are waited for, so that the connection can be used again. */
const REST_OF_STREAM_MS = 1_000;

/** Makes parts of the events of one answer. */
export interface EventsReader<Part, End> {
  readChunk(chunk: JsonObject): Part[];
  /** Of a whole answer that came in place of a stream. */
  readAnswer(answer: JsonObject): Part[];
  /** No more events come; `isDone`: as `[DONE]` said. Throws where the answer broke off. */
  finish(isDone: boolean): void;
  /** What is known of the answer as a whole, once it is finished. */
  readonly end: End;
}

export interface StreamedCall {
  /** Sends the request. */
  send: () => void;
  /** Reads an answer that refuses by its status, and throws it. */
  readRefusal: () => Promise<JsonObject>;
  /** The body of an answer that is no stream; throws where it is a refusal. */
  readBody: (bytes: Buffer) => JsonObject;
  /** The error that a refusal within a stream comes to. */
  refusal: (body: unknown) => AppError;
  /** Of the largest event that is taken, and of an answer that is no stream. */
  maxBytes: number;
}

/** Gives the parts of one answer on as they come. */
export class GatewayEvents<Part, End> {
  private readonly answer: Answer;
  private readonly lines: EventStreamReader;
  private source: ByteSource;
  private unpacked: Unpacked | undefined;
  /** undefined: nothing but blanks has come. */
  private kind: Kind | undefined;
  /** Of an answer that is no stream. */
  private readonly body = new GrowingBuffer();
  private give: Give<Part> = () => undefined;
  /** Resolves once there is room for more; undefined: there is. */
  private full: Promise<void> | undefined;
  private hasBegun = false;
  private isReading = false;
  private isOver = false;
  private failure: unknown;
  /** What goes on with the first part, and with the end. */
  private wake: () => void = () => undefined;

  constructor(
    private readonly exchange: Exchange,
    private readonly call: StreamedCall,
    private readonly reader: EventsReader<Part, End>,
  ) {
    this.answer = exchange.answer;
    this.source = exchange.answer;
    this.lines = new EventStreamReader(call.maxBytes, ({ event, data }) => this.collect(event, data));
  }

  /** Sends the request and resolves with the first part; rejects where the answer broke off before. */
  async begin(give: Give<Part>): Promise<void> {
    this.give = give;
    try {
      await this.open();
      await this.progress(() => this.source.follow(() => this.read()));
      if (!this.hasBegun && this.failure) throw this.failure;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Resolves after the last part. */
  async end(): Promise<End> {
    if (!this.isOver) await this.progress();
    await this.full;
    if (this.failure) throw this.failure;
    return this.reader.end;
  }

  /** Nobody reads any more. */
  close(): void {
    if (!this.isOver) this.exchange.end();
    this.isOver = true;
    this.unpacked?.destroy();
  }

  private progress(begin?: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      begin?.();
    });
  }

  /** Sends the request and waits for the head of its answer; throws where that is a refusal. */
  private async open(): Promise<void> {
    const { answer, call } = this;
    call.send();
    await answer.begin().catch((error) => {
      throw transportError(error, this.exchange.stage);
    });
    if (answer.status >= 300) await call.readRefusal();
    const coding = codingOf(single(answer.headers['content-encoding']));
    if (coding) this.source = this.unpacked = new Unpacked(answer, coding);
  }

  /** Reads what has come, as long as there is room for what it says. To take it may bring more, which has its turn then. */
  private read(): void {
    if (this.isReading) return;
    this.isReading = true;
    while (this.mayRead) {
      this.readSome();
      this.full?.then(
        () => this.readOn(),
        (error) => this.fail(error),
      );
    }
    this.isReading = false;
    if (this.isOver) this.wake();
  }

  private get mayRead(): boolean {
    return this.source.isReady && !this.isOver && this.full === undefined;
  }

  private readOn(): void {
    this.full = undefined;
    this.read();
  }

  /** Events that were parsed before the first bad one are emitted before its error. */
  private readSome(): void {
    try {
      const bytes = this.take();
      this.kind ??= kindOf(bytes);
      if (this.kind === 'whole') this.gather(bytes);
      else this.readLines(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  private readLines(bytes: Buffer | undefined): void {
    this.lines.read(bytes);
    if (bytes === undefined) this.finish(false);
  }

  /** An answer that is no stream is read at its end. */
  private gather(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.readAnswer(this.call.readBody(this.body.take()));
      return;
    }
    this.body.append(bytes);
    const { maxBytes } = this.call;
    if (this.body.length > maxBytes) throw badResponse(`it is larger than ${maxBytes} bytes`);
  }

  private take(): Buffer | undefined {
    try {
      return this.source.take();
    } catch (error) {
      throw transportError(error, this.exchange.stage);
    }
  }

  private readAnswer(answer: JsonObject): void {
    this.close();
    for (const part of this.reader.readAnswer(answer)) this.giveOn(part);
  }

  private collect(event: string | undefined, data: string): void {
    // Nothing counts behind the end, nor does an empty event, which is a sign of life.
    if (this.isOver || data.trim() === '') return;
    if (data.trim() === '[DONE]') {
      this.finish(true);
      return;
    }
    const chunk = readChunk(event, data, this.call.refusal);
    if (chunk) for (const part of this.reader.readChunk(chunk)) this.giveOn(part);
  }

  private giveOn(part: Part): void {
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.wake();
    }
    this.full = this.full ? this.full.then(() => this.give(part)) : this.give(part);
  }

  private finish(isDone: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (isDone) releaseAfterRest(this.exchange);
    else this.exchange.end();
    this.reader.finish(isDone);
  }

  private fail(error: unknown): void {
    this.close();
    this.failure ??= error;
    this.wake();
  }
}

/** The chunk that one event holds; null for an event of another kind, such as `ping`. Throws where it is a refusal. */
function readChunk(
  event: string | undefined,
  data: string,
  refusal: StreamedCall['refusal'],
): JsonObject | null {
  const body = parseJson(data);
  if (event === 'error') throw refusal({ error: asObject(body)?.error ?? body ?? data });
  if (readHiddenEnvelope(body)) throw refusal(body);
  const chunk = asObject(body);
  if (chunk === null && event === undefined) throw badResponse('one of its events is not a JSON object');
  return chunk;
}

type Kind = 'stream' | 'whole';

/** `{`, `[` and `<`, which no line of a stream begins with. */
const WHOLE_STARTS = [0x7b, 0x5b, 0x3c];

/** The first byte tells a stream from JSON and pages, whose labels are often wrong. */
function kindOf(bytes: Buffer | undefined): Kind | undefined {
  const first = bytes?.find((byte) => byte > 0x20 && !BYTE_ORDER_MARK.includes(byte));
  if (first === undefined) return undefined;
  return WHOLE_STARTS.includes(first) ? 'whole' : 'stream';
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

function releaseAfterRest(exchange: Exchange): void {
  const timer = setTimeout(() => exchange.end(), REST_OF_STREAM_MS);
  exchange.answer.skip((isWhole) => {
    clearTimeout(timer);
    if (isWhole) exchange.release();
    else exchange.end();
  });
}
