import { GatheredLines } from '../../src/telemetry/gathered-lines.js';
import { eventually } from '../support/eventually.js';

describe('the lines of a log', () => {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text) };
  beforeEach(() => {
    written.length = 0;
  });

  it('are written many at a time, each once, in their order', () => {
    const lines = new GatheredLines(output);
    const all = Array.from({ length: 100 }, (_, number) => `${String(number).padStart(399, '.')}\n`);
    for (const line of all) lines.write(line);
    expect(written).toHaveLength(2);
    lines.flushSync();
    lines.flushSync();
    expect(written).toHaveLength(3);
    expect(written.join('')).toBe(all.join(''));
  });

  it('do not wait long for others', async () => {
    const lines = new GatheredLines(output);
    lines.write('one\n');
    lines.write('two\n');
    expect(written).toEqual([]);
    await eventually(() => written.length > 0);
    expect(written).toEqual(['one\ntwo\n']);
  });

  it('are written before whoever waits for them is told', () => {
    const lines = new GatheredLines(output);
    lines.write('last\n');
    lines.flush(() => written.push('told'));
    expect(written).toEqual(['last\n', 'told']);
  });
});
