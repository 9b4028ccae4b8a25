import type { Give } from '../pushed.js';
import type { Answer } from './answer.js';
import type { Exchange } from './connections.js';
import { badResponse, type CallFacts, gatewayError, transportError } from './errors.js';
import { EventStreamReader } from './event-stream.js';
import { single } from './headers.js';
import { type JsonObject, parseObject } from './json.js';

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
  /** The body of an answer that is no stream; throws where it is a refusal. */
  readWhole: () => Promise<JsonObject>;
  /** For the errors of its events. */
  facts: CallFacts;
  /** Characters of the largest event that is taken. */
  maxEventLength: number;
}

/** Gives the parts of one answer on as they come. */
export class GatewayEvents<Part, End> {
  private readonly answer: Answer;
  private readonly lines: EventStreamReader;
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
    this.lines = new EventStreamReader(call.maxEventLength, ({ data }) => this.collect(data));
  }

  /** Sends the request and resolves with the first part; rejects where the answer broke off before. */
  async begin(give: Give<Part>): Promise<void> {
    this.give = give;
    try {
      if (await this.isStream()) await this.progress(() => this.answer.follow(() => this.read()));
      else this.readWhole(await this.call.readWhole());
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
  }

  private progress(begin?: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      begin?.();
    });
  }

  /** Whether the answer that begins is one. */
  private async isStream(): Promise<boolean> {
    const { answer } = this;
    this.call.send();
    await answer.begin().catch((error) => {
      throw transportError(error, this.exchange.stage);
    });
    if (answer.status !== 200 || /json|html/i.test(single(answer.headers['content-type']) ?? ''))
      return false;
    const encoding = single(answer.headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') throw badResponse('its encoding was not asked for');
    return true;
  }

  private readWhole(answer: JsonObject): void {
    this.close();
    for (const part of this.reader.readAnswer(answer)) this.giveOn(part);
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
    return this.answer.isReady && !this.isOver && this.full === undefined;
  }

  private readOn(): void {
    this.full = undefined;
    this.read();
  }

  /** What came before the first bad event is given on before that is said. */
  private readSome(): void {
    try {
      const bytes = this.take();
      this.lines.read(bytes);
      if (bytes === undefined) this.finish(false);
    } catch (error) {
      this.fail(error);
    }
  }

  private take(): Buffer | undefined {
    try {
      return this.answer.take();
    } catch (error) {
      throw transportError(error, this.exchange.stage);
    }
  }

  private collect(data: string): void {
    // Behind the end nothing is said.
    if (this.isOver) return;
    if (data === '[DONE]') this.finish(true);
    else for (const part of this.reader.readChunk(readChunk(data, this.call.facts))) this.giveOn(part);
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

/** The chunk that one event holds; throws where it is a refusal. */
function readChunk(data: string, facts: CallFacts): JsonObject {
  const body = parseObject(data);
  if (body === null) throw badResponse('one of its events is not a JSON object');
  if (body.error != null) throw gatewayError({ status: 200, body }, facts);
  return body;
}

function releaseAfterRest(exchange: Exchange): void {
  const timer = setTimeout(() => exchange.end(), REST_OF_STREAM_MS);
  exchange.answer.skip((isWhole) => {
    clearTimeout(timer);
    if (isWhole) exchange.release();
    else exchange.end();
  });
}
