import type { FinishReason, MessageRole } from '../../gateway/types.js';
import type { ChatChoice, ChatDelta } from '../types.js';

/** The deltas from one seq to another, in columns: names would be most of a stored token. */
interface PackedDeltas {
  /** Of the first delta. */
  from: number;
  indexes: number[];
  /** Lengths of the texts. */
  contents: number[];
  reasonings: number[];
  content: string;
  reasoning: string;
  marks: [seq: number, role: MessageRole | null, finishReason: FinishReason | null][];
}

type Mark = Pick<ChatDelta, 'role' | 'finishReason'>;

/** The deltas of a run, numbered from 1. Their texts are kept as two strings, which take less memory than many short ones. */
export class RunLog {
  private readonly indexes: number[] = [];
  /** Where the texts of each delta end in `content` and `reasoning`. */
  private readonly contentEnds: number[] = [];
  private readonly reasoningEnds: number[] = [];
  private readonly marks = new Map<number, Mark>();
  private content = '';
  /** The last delta, which viewers that keep up need as it came. */
  private newest: ChatDelta | undefined;
  private size = 0;
  private reasoning = '';

  /** The seq of the last delta; 0 if there is none. */
  get last(): number {
    return this.indexes.length;
  }

  /** Of all texts, in UTF-8. */
  get bytes(): number {
    return this.size;
  }

  append({ index, role, content, reasoningContent, finishReason }: Omit<ChatDelta, 'seq'>): void {
    this.newest = { seq: this.last + 1, index, role, content, reasoningContent, finishReason };
    this.size += Buffer.byteLength(content ?? '') + Buffer.byteLength(reasoningContent ?? '');
    this.content += content ?? '';
    this.reasoning += reasoningContent ?? '';
    this.indexes.push(index);
    this.contentEnds.push(this.content.length);
    this.reasoningEnds.push(this.reasoning.length);
    if (role !== null || finishReason !== null) this.marks.set(this.last, { role, finishReason });
  }

  /**
   * The deltas beyond a seq. Neighbours of the same choice are joined into one with the seq of the last. Deltas of several choices
   * keep their order: whoever is cut off between two of them must not miss a part of either.
   */
  since(after: number): ChatDelta[] {
    if (this.newest && this.newest.seq === after + 1) return [this.newest];
    const deltas: ChatDelta[] = [];
    for (let from = after + 1; from <= this.last; ) {
      let to = from;
      while (this.indexes[to] === this.indexes[from - 1]) to++;
      deltas.push(this.joined(from, to));
      from = to + 1;
    }
    return deltas;
  }

  /** The text so far of each choice. */
  choices(role: MessageRole): ChatChoice[] {
    const byIndex = new Map<number, ChatChoice>();
    for (const delta of this.since(0)) {
      const { index, content, reasoningContent, finishReason } = delta;
      const message = { role: delta.role ?? role, content: null, reasoningContent: null };
      const choice = byIndex.get(index) ?? { index, message, finishReason: null };
      choice.message.content = concat(choice.message.content, content);
      choice.message.reasoningContent = concat(choice.message.reasoningContent, reasoningContent);
      choice.finishReason = finishReason ?? choice.finishReason;
      byIndex.set(index, choice);
    }
    return [...byIndex.values()].sort((one, other) => one.index - other.index);
  }

  /** The deltas beyond a seq, for `unpack`. */
  pack(after: number): string {
    const packed: PackedDeltas = {
      from: after + 1,
      indexes: this.indexes.slice(after),
      contents: lengthsOf(this.contentEnds, after),
      reasonings: lengthsOf(this.reasoningEnds, after),
      content: this.content.slice(endOf(this.contentEnds, after)),
      reasoning: this.reasoning.slice(endOf(this.reasoningEnds, after)),
      marks: [...this.marks]
        .filter(([seq]) => seq > after)
        .map(([seq, { role, finishReason }]) => [seq, role, finishReason]),
    };
    return JSON.stringify(packed);
  }

  /** Appends packed deltas, without those that it has already. */
  unpack(text: string): void {
    const packed = JSON.parse(text) as PackedDeltas;
    const marks = new Map(packed.marks.map(([seq, role, finishReason]) => [seq, { role, finishReason }]));
    const contents = new Pieces(packed.content);
    const reasonings = new Pieces(packed.reasoning);
    for (const [place, index] of packed.indexes.entries()) {
      const content = contents.next(packed.contents[place]);
      const reasoning = reasonings.next(packed.reasonings[place]);
      const seq = packed.from + place;
      if (seq <= this.last) continue;
      const { role = null, finishReason = null } = marks.get(seq) ?? {};
      const texts = { content: content || null, reasoningContent: reasoning || null };
      this.append({ index, role, ...texts, finishReason });
    }
  }

  private joined(from: number, to: number): ChatDelta {
    const delta: ChatDelta = {
      seq: to,
      index: this.indexes[to - 1] ?? 0,
      role: null,
      content: textOf(this.content, this.contentEnds, from, to),
      reasoningContent: textOf(this.reasoning, this.reasoningEnds, from, to),
      finishReason: null,
    };
    for (let seq = from; seq <= to && this.marks.size > 0; seq++) {
      const { role, finishReason } = this.marks.get(seq) ?? {};
      delta.role ??= role ?? null;
      delta.finishReason = finishReason ?? delta.finishReason;
    }
    return delta;
  }
}

/** Cuts a text into pieces. */
class Pieces {
  private end = 0;

  constructor(private readonly text: string) {}

  next(length = 0): string {
    const begin = this.end;
    this.end += length;
    return this.text.slice(begin, this.end);
  }
}

function endOf(ends: number[], seq: number): number {
  return ends[seq - 1] ?? 0;
}

function lengthsOf(ends: number[], after: number): number[] {
  return ends.slice(after).map((end, place) => end - endOf(ends, after + place));
}

/** null: no text. */
function textOf(text: string, ends: number[], from: number, to: number): string | null {
  return text.slice(endOf(ends, from - 1), endOf(ends, to)) || null;
}

function concat(text: string | null, more: string | null): string | null {
  return more ? (text ?? '') + more : text;
}
