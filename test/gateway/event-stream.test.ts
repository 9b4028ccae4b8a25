import fc from 'fast-check';
import { EventStreamReader } from '../../src/gateway/http/event-stream.js';

function read(pieces: Buffer[], max = 10_000): string[] {
  const events: string[] = [];
  const reader = new EventStreamReader(max);
  for (const piece of pieces) for (const { data } of reader.read(piece)) events.push(data);
  for (const { data } of reader.end()) events.push(data);
  return events;
}

const bytes = (text: string) => Buffer.from(text);
const BOM = '\uFEFF';

describe('the reader of server-sent events', () => {
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
      const reader = new EventStreamReader(100);
      const pieces = [`data: a${end.slice(0, -1)}`, end.slice(-1)];
      const events = pieces.map((piece) => [...reader.read(bytes(piece))].map(({ data }) => data));
      expect(events.flat()).toEqual(['a']);
    }
  });

  it('keeps a line that comes in pieces of a byte in hardly more memory than it is long', () => {
    const reader = new EventStreamReader(4_000_000);
    const piece = bytes('x');
    const before = process.memoryUsage();
    for (let sent = 0; sent < 4_000_000; sent++) for (const _ of reader.read(piece));
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    expect(grown).toBeLessThan(24_000_000);
    expect(() => [...reader.read(piece)]).toThrow('larger than 4000000 bytes');
  });

  it('counts all bytes of an event, but not those of the events before it', () => {
    const events: string[] = [];
    const reader = new EventStreamReader(100);
    const readAll = (text: string) => {
      for (const { data } of reader.read(bytes(text))) events.push(data);
    };
    for (let sent = 0; sent < 50; sent++) readAll('data: a\n\n');
    readAll(`${'data: b\n\n'.repeat(50)}data: c\n`);
    expect(events.length).toBe(100);
    const emptyLines = () => {
      for (let sent = 0; sent < 20; sent++) readAll('data:\n');
    };
    expect(emptyLines).toThrow('larger than 100 bytes');
  });

  it('refuses an event that is too large, after those before it', () => {
    const events: string[] = [];
    const reader = new EventStreamReader(100);
    const readAll = (text: string) => {
      for (const { data } of reader.read(bytes(text))) events.push(data);
    };
    const tooLarge = expect.objectContaining({ code: 'GATEWAY_BAD_RESPONSE' });
    expect(() => readAll(`data: a\n\ndata: ${'x'.repeat(200)}`)).toThrow(tooLarge);
    expect(events).toEqual(['a']);
    expect(() => readAll('\n\ndata: b\n\n')).toThrow(tooLarge);
    expect(events).toEqual(['a']);
  });
});
