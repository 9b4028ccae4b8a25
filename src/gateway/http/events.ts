import type { AppError } from '../../errors.js';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import { readHiddenEnvelope } from '../errors/envelope.js';
import { badResponse, transportError } from '../errors/gateway-error.js';
import { asObject, type JsonObject, parseJson } from '../json.js';
import { EventStreamReader } from './event-stream.js';
import type { GatewayResponse } from './response.js';
import { codingOf, unpack } from './unpacked.js';

/** How long to wait for the few bytes behind `[DONE]`, so that the connection can be used again. */
const REST_OF_STREAM_MS = 1_000;

/** Makes parts of the events of one response. */
export interface EventsReader<Part, End> {
  readChunk(chunk: JsonObject): Part[];
  /** Of a whole answer that came in place of a stream. */
  readAnswer(answer: JsonObject): Part[];
  /** No more events come; `isDone`: as `[DONE]` said. Throws if the answer broke off. */
  finish(isDone: boolean): void;
  /** What is known of the answer as a whole, once it is finished. */
  readonly end: End;
}

export interface EventsOptions {
  /** Reads the body of a response that is no stream; throws if it is a refusal. */
  readBody: (bytes: Buffer) => JsonObject;
  /** The error for a refusal within a stream. */
  refusal: (body: unknown) => AppError;
  /** Of the largest event, and of a response that is no stream. */
  maxBytes: number;
}

/** The parts of a response, as they come. Parts that came before a bad event are yielded before its error is thrown. */
export async function* readEvents<Part, End>(
  response: GatewayResponse,
  reader: EventsReader<Part, End>,
  options: EventsOptions,
): AsyncGenerator<Part, End, undefined> {
  const lines = new EventStreamReader(options.maxBytes);
  const whole = new GrowingBuffer();
  let kind: Kind | undefined;
  for await (const bytes of bodyOf(response)) {
    kind ??= kindOf(bytes);
    if (kind === 'whole') {
      whole.append(bytes);
      if (whole.length > options.maxBytes) throw badResponse(`it is larger than ${options.maxBytes} bytes`);
      continue;
    }
    for (const event of lines.read(bytes)) {
      if (isDone(event)) return endAt(response, reader);
      yield* partsOf(event, reader, options);
    }
  }
  if (kind === 'whole') {
    yield* reader.readAnswer(options.readBody(whole.take()));
    return reader.end;
  }
  for (const event of lines.end()) {
    if (isDone(event)) return endAt(response, reader);
    yield* partsOf(event, reader, options);
  }
  reader.finish(false);
  return reader.end;
}

async function* bodyOf(response: GatewayResponse): AsyncGenerator<Buffer, void> {
  const coding = codingOf(response.headers['content-encoding']);
  try {
    yield* coding ? unpack(response, coding) : response;
  } catch (error) {
    throw transportError(error, response.stage);
  }
}

interface Event {
  event?: string | undefined;
  data: string;
}

function isDone({ data }: Event): boolean {
  return data.trim() === '[DONE]';
}

/** Nothing counts behind `[DONE]`. */
function endAt<Part, End>(response: GatewayResponse, reader: EventsReader<Part, End>): End {
  response.discard(REST_OF_STREAM_MS);
  reader.finish(true);
  return reader.end;
}

/** Of one event; none for an empty one, which is a sign of life, or one of another kind, such as `ping`. */
function partsOf<Part>(
  { event, data }: Event,
  reader: EventsReader<Part, unknown>,
  { refusal }: EventsOptions,
): Part[] {
  if (data.trim() === '') return [];
  const body = parseJson(data);
  if (event === 'error') throw refusal({ error: asObject(body)?.error ?? body ?? data });
  if (readHiddenEnvelope(body)) throw refusal(body);
  const chunk = asObject(body);
  if (chunk) return reader.readChunk(chunk);
  if (event === undefined) throw badResponse('one of its events is not a JSON object');
  return [];
}

type Kind = 'stream' | 'whole';

/** `{`, `[` and `<`, which no line of a stream begins with. */
const WHOLE_STARTS = [0x7b, 0x5b, 0x3c];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** The first byte tells a stream from JSON and pages, whose labels are often wrong; undefined: only blanks have come. */
function kindOf(bytes: Buffer): Kind | undefined {
  const first = bytes.find((byte) => byte > 0x20 && !BYTE_ORDER_MARK.includes(byte));
  if (first === undefined) return undefined;
  return WHOLE_STARTS.includes(first) ? 'whole' : 'stream';
}
