import type { Give } from '../pushed.js';
import type { Exchange } from './connections.js';
import { badResponse, transportError } from './errors.js';
import { EventStreamReader } from './event-stream.js';
import { single } from './headers.js';
import type { JsonObject } from './json.js';

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
  /** The chunk that one event holds; throws where it is a refusal. */
  readChunk: (data: string) => JsonObject;
  /** Characters of the largest event that is taken. */
  maxEventLength: number;
}

/** The parts of one answer as they come. */
export class GatewayEvents<Part, End> {
  private readonly lines: EventStreamReader;
  /** Those that were read last. */
  private parts: Part[] = [];
  private isOver = false;
  private failure: unknown;

  constructor(
    private readonly exchange: Exchange,
    private readonly call: StreamedCall,
    private readonly reader: EventsReader<Part, End>,
  ) {
    this.lines = new EventStreamReader(call.maxEventLength, (data) => this.collect(data));
  }

  /** Sends the request and resolves with the first parts. */
  async first(): Promise<Part[]> {
    const { answer } = this.exchange;
    try {
      let parts = await this.begin();
      while (parts.length === 0 && !this.isOver) {
        await answer.more();
        parts = this.read();
      }
      if (parts.length === 0 && this.failure) throw this.failure;
      return parts;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives the others on as they come, and resolves after the last. */
  async rest(give: Give<Part>): Promise<End> {
    const { answer } = this.exchange;
    while (!this.isOver) {
      await answer.more();
      for (const part of this.read()) {
        const full = give(part);
        if (full) await full;
      }
    }
    if (this.failure) throw this.failure;
    return this.reader.end;
  }

  /** Nobody reads any more. */
  close(): void {
    if (!this.isOver) this.exchange.end();
    this.isOver = true;
  }

  /** All parts of an answer that is no stream. */
  private async begin(): Promise<Part[]> {
    const { answer } = this.exchange;
    this.call.send();
    await answer.begin().catch((error) => {
      throw transportError(error, this.exchange.stage);
    });
    if (answer.status !== 200 || /json|html/i.test(single(answer.headers['content-type']) ?? '')) {
      const body = await this.call.readWhole();
      this.close();
      return this.reader.readAnswer(body);
    }
    const encoding = single(answer.headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') throw badResponse('its encoding was not asked for');
    return [];
  }

  /** What came before the first bad event is given on before that is said. */
  private read(): Part[] {
    this.parts = [];
    try {
      const bytes = this.take();
      this.lines.read(bytes);
      if (bytes === undefined) this.finish(false);
    } catch (error) {
      this.close();
      this.failure = error;
    }
    return this.parts;
  }

  private take(): Buffer | undefined {
    try {
      return this.exchange.answer.take();
    } catch (error) {
      throw transportError(error, this.exchange.stage);
    }
  }

  private collect(data: string): void {
    // Behind the end nothing is said.
    if (this.isOver) return;
    if (data === '[DONE]') {
      this.finish(true);
      return;
    }
    const parts = this.reader.readChunk(this.call.readChunk(data));
    this.parts = this.parts.length === 0 ? parts : [...this.parts, ...parts];
  }

  private finish(isDone: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (isDone) releaseAfterRest(this.exchange);
    else this.exchange.end();
    this.reader.finish(isDone);
  }
}

function releaseAfterRest(exchange: Exchange): void {
  const timer = setTimeout(() => exchange.end(), REST_OF_STREAM_MS);
  exchange.answer.skip((isWhole) => {
    clearTimeout(timer);
    if (isWhole) exchange.release();
    else exchange.end();
  });
}
