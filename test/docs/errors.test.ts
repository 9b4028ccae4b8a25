import { AppError, ErrorCode } from '../../src/errors.js';
import { readDocument } from './documents.js';

const { headings, blocks, tables } = readDocument('docs/errors.md');
const codes = Object.values(ErrorCode);
const sections = headings.filter(({ depth }) => depth === 2).map(({ text }) => text);

describe('docs/errors.md', () => {
  it('has a section with an example for every code, and for no other', () => {
    expect([...sections].sort()).toEqual([...codes].sort());
    expect(blocks.length).toBe(codes.length);
  });

  it('says of each code whether it is retryable, as the server does', () => {
    const rows = tables.find((table) => /^`?code/.test(table[0]?.[0] ?? ''))?.slice(1) ?? [];
    expect(rows.map(([code]) => /^\[(\w+)\]/.exec(code ?? '')?.[1]).sort()).toEqual([...codes].sort());
    for (const [name = '', retryable] of rows) {
      const code = /^\[(\w+)\]/.exec(name)?.[1] as ErrorCode;
      const word = new AppError(code, '').retryable ? 'yes' : 'no';
      expect([code, retryable?.split(';')[0]]).toEqual([code, word]);
    }
  });

  it.each(codes)('shows an error with the code %s', (code) => {
    const { extensions } = JSON.parse(blocks[sections.indexOf(code)]?.text ?? '{}');
    expect(extensions).toMatchObject({ code, retryable: expect.any(Boolean) });
  });
});
