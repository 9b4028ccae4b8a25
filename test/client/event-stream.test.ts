import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { EventStreamParser, type ServerSentEvent } from '../../client/src/event-stream.js';

const LINE = fc.oneof(
  fc.constantFrom(
    '',
    'data',
    'data:',
    'data: {"a":1}',
    'event: next',
    'event',
    'id: r:1',
    ': quiet',
    'retry: 5',
    'other: x',
  ),
  fc
    .tuple(fc.constantFrom('data:', 'data: ', 'event:', ':'), fc.string({ unit: 'grapheme' }))
    .map((parts) => parts.join('').replaceAll(/[\r\n]/g, '')),
);
const STREAM = fc
  .array(fc.tuple(LINE, fc.constantFrom('\n', '\r\n', '\r')))
  .map((lines) => lines.flat().join(''));

function pieces(text: string, cuts: number[]): string[] {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}

function reference(text: string): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ type: event || 'message', data }),
  });
  parser.feed(text);
  return events;
}

describe('the client’s parser of server-sent events', () => {
  it('reads any stream as eventsource-parser does, wherever it is cut', () => {
    fc.assert(
      fc.property(STREAM, fc.array(fc.nat()), (text, cuts) => {
        const parser = new EventStreamParser();
        const events = pieces(text, cuts).flatMap((piece) => parser.push(piece));
        // A final CR may be half of a CRLF, so its line is not read yet.
        expect(events).toEqual(reference(text.replace(/\r$/, '')));
      }),
    );
  });

  it('ignores a byte order mark at the beginning only', () => {
    const parser = new EventStreamParser();
    expect(parser.push('\uFEFFdata: one\n\n')).toEqual([{ type: 'message', data: 'one' }]);
    expect(parser.push('\uFEFFdata: two\n\n')).toEqual([]);
  });
});
