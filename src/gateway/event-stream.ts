import { createParser } from 'eventsource-parser';
import { badResponse } from './errors.js';

/**
 * The data of each server-sent event, as soon as its last byte is there, however the bytes were cut.
 * `maxEventLength`: characters of the largest event that is taken.
 */
export async function* readEventStream(
  body: AsyncIterable<Uint8Array>,
  maxEventLength: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const normalise = lineFeeds();
  const ready: string[] = [];
  let tooLarge = false;
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: ({ data }) => ready.push(data),
    onError: ({ type }) => {
      tooLarge ||= type === 'max-buffer-size-exceeded';
    },
  });
  const feed = function* (text: string) {
    parser.feed(text);
    yield* ready.splice(0);
    if (tooLarge) throw badResponse(`one of its events is larger than ${maxEventLength} characters`);
  };
  for await (const bytes of body) yield* feed(normalise(decoder.decode(bytes, { stream: true })));
  // A last event may lack the empty line behind it; a last line that was cut off is not completed by this.
  const rest = decoder.decode();
  yield* feed(`${normalise(rest)}\n`);
}

/** CR and CRLF become LF at once: the parser would hold a CR back until it sees what follows. */
function lineFeeds(): (text: string) => string {
  let endedInCarriageReturn = false;
  return (text) => {
    if (text === '') return text;
    const rest = endedInCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    endedInCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  };
}
