import fc from 'fast-check';
import { RunLog } from '../../../src/chat/runs/run-log.js';
import type { ChatDelta } from '../../../src/chat/types.js';
import { FinishReason, MessageRole } from '../../../src/gateway/types.js';

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const text = orNull(fc.string({ unit: fc.constantFrom('a', '您', '😀', '"', '\n'), maxLength: 4 }));
const deltas = fc.array(
  fc.record({
    index: fc.integer({ min: 0, max: 2 }),
    role: orNull(fc.constant(MessageRole.ASSISTANT)),
    content: text,
    reasoningContent: text,
    finishReason: orNull(fc.constantFrom(FinishReason.STOP, FinishReason.LENGTH)),
  }),
  { maxLength: 30 },
);

type Delta = Omit<ChatDelta, 'seq'>;

function logOf(all: Delta[]): RunLog {
  const log = new RunLog();
  for (const delta of all) log.append(delta);
  return log;
}

/** What a viewer has of each choice. */
function seenOf(all: Delta[]) {
  const byIndex: Record<number, { content: string; reasoning: string; finishReason: FinishReason | null }> =
    {};
  for (const { index, content, reasoningContent, finishReason } of all) {
    const seen = byIndex[index] ?? { content: '', reasoning: '', finishReason: null };
    seen.content += content ?? '';
    seen.reasoning += reasoningContent ?? '';
    seen.finishReason = finishReason ?? seen.finishReason;
    byIndex[index] = seen;
  }
  return byIndex;
}

describe('the deltas of a run', () => {
  it('are the same text for a viewer who is cut off anywhere and resumes, any number of times', () => {
    fc.assert(
      fc.property(deltas, fc.infiniteStream(fc.nat()), (all, cuts) => {
        const log = logOf(all);
        const seen: ChatDelta[] = [];
        let after = 0;
        while (after < all.length) {
          const rest = log.since(after);
          const got = rest.slice(0, 1 + ((cuts.next().value ?? 0) % rest.length));
          seen.push(...got);
          after = got.at(-1)?.seq ?? Number.NaN;
        }
        expect(seenOf(seen)).toEqual(seenOf(all));
      }),
    );
  });

  it('are numbered from 1, each join with the seq of its last part, and at most one per run of a choice', () => {
    fc.assert(
      fc.property(deltas, fc.nat({ max: 30 }), (all, after) => {
        const joined = logOf(all).since(after);
        const seqs = joined.map(({ seq }) => seq ?? 0);
        expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
        expect(seqs.at(-1)).toBe(after < all.length ? all.length : undefined);
        for (const { seq, index } of joined) expect(all[(seq ?? 0) - 1]?.index).toBe(index);
        for (const [place, { index }] of joined.entries()) expect(joined[place + 1]?.index).not.toBe(index);
      }),
    );
  });

  it('are one delta for one choice, however many came', () => {
    const parts = ['a', 'b', 'c'].map((content) => ({
      index: 0,
      role: null,
      content,
      reasoningContent: null,
      finishReason: null,
    }));
    expect(logOf(parts).since(0)).toEqual([{ ...parts[0], seq: 3, content: 'abc' }]);
    expect(logOf(parts).since(2)).toEqual([{ ...parts[2], seq: 3 }]);
    expect(logOf(parts).since(3)).toEqual([]);
  });

  it('are the same after they were packed in any pieces, which may overlap', () => {
    fc.assert(
      fc.property(deltas, fc.array(fc.nat({ max: 30 })), (all, cuts) => {
        const log = logOf(all);
        const copy = new RunLog();
        for (const cut of [0, ...cuts]) if (cut <= copy.last) copy.unpack(log.pack(cut));
        expect(copy.last).toBe(log.last);
        for (let after = 0; after <= all.length; after++) {
          expect(seenOf(copy.since(after))).toEqual(seenOf(log.since(after)));
        }
        expect(copy.choices(MessageRole.ASSISTANT)).toEqual(log.choices(MessageRole.ASSISTANT));
        expect(copy.bytes).toBe(log.bytes);
      }),
    );
  });
});
