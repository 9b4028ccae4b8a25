import fc from 'fast-check';
import { EventStreamParser } from '../../src/gateway/http/event-stream.js';

function read(pieces: Buffer[], max = 10_000): string[] {
  const parser = new EventStreamParser(max);
  return [...pieces, undefined].flatMap((piece) => [...parser.parse(piece)].map(({ data }) => data));
}

const bytes = (text: string) => Buffer.from(text);
const BOM = '\uFEFF';

describe('the parser of server-sent events', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['a byte order mark', `${BOM}data: a\n\n`, ['a']],
    ['comments and other fields', ': hello\nid: 7\nretry: 10\nevent: x\nfoo: bar\ndata: a\n\n:\n\n', ['a']],
    ['several data lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['no space after the colon', 'data:a\n\n', ['a']],
    ['two spaces after the colon', 'data:  a\n\n', [' a']],
    ['no empty line behind the last event', 'data: a\n', ['a']],
    ['a last line that was cut off', 'data: a\n\ndata: b', ['a']],
    ['events without data', 'event: ping\n\ndata: a\n\n', ['a']],
    ['nothing', '', []],
  ])('reads %s', async (_, text, events) => {
    expect(read([bytes(text)])).toEqual(events);
  });

  it('gives the same events however the bytes are cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\uFEFF]/g, ''));
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    const event = fc.record({
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
      end: lineEnd,
      comment: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        async (events, cuts) => {
          const text = events
            .map(
              ({ lines, end, comment }) =>
                `${comment ? `: x${end}` : ''}${lines.map((l) => `data: ${l}${end}`).join('')}${end}`,
            )
            .join('');
          const whole = bytes(text);
          const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
          const pieces = [0, ...places].map((place, index) =>
            whole.subarray(place, places[index] ?? whole.length),
          );
          expect(read(pieces)).toEqual(events.map(({ lines }) => lines.join('\n')));
        },
      ),
    );
  });

  it('gives the same events cut anywhere in two, inside a character and between CR and LF too', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const whole = bytes(`${BOM}: 您${end}data: 您好😀${end}data: é${end}${end}data: b${end}${end}`);
      for (let at = 0; at <= whole.length; at++) {
        expect(await read([whole.subarray(0, at), whole.subarray(at)])).toEqual(['您好😀\né', 'b']);
      }
      expect(await read([...whole].map((byte) => Buffer.of(byte)))).toEqual(['您好😀\né', 'b']);
    }
  });

  it('gives an event as soon as its last byte is there', () => {
    for (const end of ['\n\n', '\r\n\r\n', '\r\r']) {
      const parser = new EventStreamParser(100);
      const pieces = [`data: a${end.slice(0, -1)}`, end.slice(-1)];
      const events = pieces.flatMap((piece) => [...parser.parse(bytes(piece))]);
      expect(events).toMatchObject([{ data: 'a' }]);
    }
  });

  it('keeps a line that comes in pieces of a byte in hardly more memory than it is long', () => {
    const parser = new EventStreamParser(4_000_000);
    const piece = bytes('x');
    const before = process.memoryUsage();
    for (let sent = 0; sent < 4_000_000; sent++) parser.parse(piece).next();
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    expect(grown).toBeLessThan(24_000_000);
    expect(() => parser.parse(piece).next()).toThrow('larger than 4000000 bytes');
  });

  it('counts all bytes of an event, but not those of the events before it', () => {
    const parser = new EventStreamParser(100);
    const countEvents = (text: string) => [...parser.parse(bytes(text))].length;
    for (let sent = 0; sent < 50; sent++) expect(countEvents('data: a\n\n')).toBe(1);
    expect(countEvents(`${'data: b\n\n'.repeat(50)}data: c\n`)).toBe(50);
    const emptyLines = () => {
      for (let sent = 0; sent < 20; sent++) countEvents('data:\n');
    };
    expect(emptyLines).toThrow('larger than 100 bytes');
  });

  it('refuses an event that is too large, after those before it', () => {
    const parser = new EventStreamParser(100);
    const tooLarge = expect.objectContaining({ code: 'GATEWAY_BAD_RESPONSE' });
    const events = parser.parse(bytes(`data: a\n\ndata: ${'x'.repeat(200)}`));
    expect(events.next().value).toMatchObject({ data: 'a' });
    expect(() => events.next()).toThrow(tooLarge);
    expect(() => parser.parse(bytes('\n\ndata: b\n\n')).next()).toThrow(tooLarge);
  });
});
