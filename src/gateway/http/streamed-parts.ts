import type { AppError } from '../../errors.js';
import { readHiddenEnvelope } from '../errors/envelope.js';
import { badResponse, isLost } from '../errors/gateway-error.js';
import { asObject, type JsonObject, parseJson } from '../json.js';
import { EventStreamParser, type ServerSentEvent } from './event-stream.js';
import type { BoundedBody } from './response.js';

/** Maps the chunks of one streamed response to parts. */
export interface PartsReader<Part, Head> {
  readChunk(chunk: JsonObject): Part[];
  /** The body of a refusal that a chunk carries in a way of its own; undefined if it carries none. */
  refusalIn?(chunk: JsonObject): unknown;
  /** Of a whole JSON response that came in place of a stream. */
  readAnswer(answer: JsonObject): Part[];
  /** What is known of the response as a whole; `isDone`: `[DONE]` has come. Throws where the response broke off. */
  finish(isDone: boolean): Head;
  /** Nothing more is to come: whatever the gateway still sends is not read. */
  readonly isOver?: boolean;
  /** Only `[DONE]` is missing: the response counts even if the connection breaks. */
  readonly isWhole?: boolean;
}

/** How the body of one streamed response is read. */
export interface StreamedBody {
  bytes: AsyncIterable<Buffer>;
  /** For a whole response that came in place of a stream. */
  whole: BoundedBody;
  maxEventBytes: number;
  /** Called at `[DONE]`, or where the reader is over: what follows is not read. */
  onDone: () => void;
  /** Throws where the whole response is a refusal. */
  parseWhole: (body: Buffer) => JsonObject;
  /** The error for a refusal within the stream. */
  refusal: (body: unknown) => AppError;
}

/** The parts of a streamed response as they come, then its head. */
export async function* streamedParts<Part, Head>(
  body: StreamedBody,
  reader: PartsReader<Part, Head>,
): AsyncGenerator<Part, Head, void> {
  const events = new EventStreamParser(body.maxEventBytes);
  let kind: Kind | undefined;
  try {
    for await (const bytes of body.bytes) {
      kind ??= kindOf(bytes);
      if (kind === 'whole') body.whole.append(bytes);
      else
        for (const event of events.parse(bytes)) {
          const isLast = isDone(event);
          if (!isLast) for (const part of partsOf(event, body, reader)) yield part;
          if (isLast || reader.isOver) {
            body.onDone();
            return reader.finish(true);
          }
        }
    }
  } catch (error) {
    if (reader.isWhole && isLost(error)) return reader.finish(false);
    throw error;
  }
  if (kind === 'whole') {
    yield* reader.readAnswer(body.parseWhole(body.whole.take()));
    return reader.finish(true);
  }
  for (const event of events.parse(undefined)) {
    if (isDone(event)) return reader.finish(true);
    yield* partsOf(event, body, reader);
  }
  return reader.finish(false);
}

function isDone({ data }: ServerSentEvent): boolean {
  return data.trim() === '[DONE]';
}

/** Throws where the event is a refusal. An empty event is a sign of life; one of another kind, such as `ping`, is skipped. */
function partsOf<Part>(
  { event, data }: ServerSentEvent,
  body: StreamedBody,
  reader: PartsReader<Part, unknown>,
): Part[] {
  if (data.trim() === '') return [];
  const json = parseJson(data);
  if (event === 'error') throw body.refusal({ error: asObject(json)?.error ?? json ?? data });
  if (readHiddenEnvelope(json)) throw body.refusal(json);
  const chunk = asObject(json);
  if (chunk === null && event === undefined) throw badResponse('one of its events is not a JSON object');
  const refused = chunk && reader.refusalIn?.(chunk);
  if (refused != null) throw body.refusal(refused);
  return chunk ? reader.readChunk(chunk) : [];
}

type Kind = 'events' | 'whole';

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** `{`, `[` and `<`, which no line of an event stream begins with. */
const WHOLE_STARTS = [0x7b, 0x5b, 0x3c];

/** The first byte tells an event stream from JSON and HTML, whose labels are often wrong; undefined for blanks alone. */
function kindOf(bytes: Buffer): Kind | undefined {
  const first = bytes.find((byte) => byte > 0x20 && !BYTE_ORDER_MARK.includes(byte));
  if (first === undefined) return undefined;
  return WHOLE_STARTS.includes(first) ? 'whole' : 'events';
}
