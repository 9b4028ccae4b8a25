import type { Answer } from './answer.js';
import type { Exchange } from './connections.js';
import { badResponse, transportError } from './errors.js';
import { EventStreamReader } from './event-stream.js';
import { single } from './headers.js';
import type { JsonObject } from './json.js';

/** What a streamed call brings: chunks and the `[DONE]` behind them, or one whole answer instead. */
export type GatewayEvent = { kind: 'chunk' | 'answer'; body: JsonObject } | { kind: 'end' };

/** How long the few bytes behind `[DONE]` are waited for, so that the connection can be used again. */
const REST_OF_STREAM_MS = 1_000;

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

/**
 * The events of one answer as they come. Those of one read come together: the ways from here to the caller are walked
 * once for all of them, and a read is asked for when they have been taken.
 */
export class GatewayEvents {
  private answer: Answer | undefined;
  private readonly reader: EventStreamReader;
  private isOver = false;
  private failure: unknown;

  constructor(
    private readonly exchange: Exchange,
    private readonly call: StreamedCall,
  ) {
    this.reader = new EventStreamReader(call.maxEventLength);
  }

  /** At least one event; none at the end. */
  async next(): Promise<GatewayEvent[]> {
    try {
      if (!this.answer) return await this.first();
      return await this.read(this.answer);
    } catch (error) {
      this.close();
      throw transportError(error, this.exchange.stage);
    }
  }

  /** Nobody reads any more. */
  close(): void {
    if (!this.isOver) this.exchange.end();
    this.isOver = true;
  }

  private async first(): Promise<GatewayEvent[]> {
    const { answer } = this.exchange;
    this.call.send();
    await answer.begin();
    this.answer = answer;
    if (answer.status !== 200 || /json|html/i.test(single(answer.headers['content-type']) ?? '')) {
      const body = await this.call.readWhole();
      this.close();
      return [{ kind: 'answer', body }];
    }
    const encoding = single(answer.headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') throw badResponse('its encoding was not asked for');
    return this.read(answer);
  }

  private async read(answer: Answer): Promise<GatewayEvent[]> {
    const events: GatewayEvent[] = [];
    while (events.length === 0 && !this.isOver) {
      if (this.failure) throw this.failure;
      const bytes = await answer.next();
      this.collect(bytes, events);
      if (bytes === undefined) this.close();
    }
    if (events.at(-1)?.kind === 'end') releaseAfterRest(answer, this.exchange);
    return events;
  }

  /** What came before the first bad event is passed on before that is said. */
  private collect(bytes: Buffer | undefined, events: GatewayEvent[]): void {
    try {
      for (const data of this.reader.read(bytes)) {
        this.isOver = data === '[DONE]';
        events.push(this.isOver ? { kind: 'end' } : { kind: 'chunk', body: this.call.readChunk(data) });
        if (this.isOver) return;
      }
    } catch (error) {
      this.failure = error;
      if (events.length === 0) throw error;
    }
  }
}

function releaseAfterRest(answer: Answer, exchange: Exchange): void {
  const timer = setTimeout(() => exchange.end(), REST_OF_STREAM_MS);
  answer.skip((isWhole) => {
    clearTimeout(timer);
    if (isWhole) exchange.release();
    else exchange.end();
  });
}
