import {
  type Alias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { AppError } from '../errors.js';
import { validateInput } from './validation.js';

type Kind = 'string' | 'number' | 'integer' | 'decimal' | 'boolean' | 'strings' | 'map' | 'list';
export type Kinds = Readonly<Record<string, Kind>>;
type Path = readonly (string | number)[];

/** `text` is the value as it is written. */
const KINDS: Record<Kind, { holds: (value: unknown, text: string) => boolean; wanted: string }> = {
  string: { holds: isString, wanted: 'a string' },
  number: { holds: Number.isFinite, wanted: 'a number' },
  integer: { holds: Number.isSafeInteger, wanted: 'an integer' },
  decimal: {
    holds: (_, text) => /^\d{1,9}(\.\d{1,12})?$/.test(text),
    wanted: 'a decimal number, such as 0.8',
  },
  boolean: { holds: (value) => typeof value === 'boolean', wanted: 'true or false' },
  strings: {
    holds: (value) => Array.isArray(value) && value.every(isString),
    wanted: 'a list of strings',
  },
  map: {
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    wanted: 'a map of keys and values',
  },
  list: { holds: Array.isArray, wanted: 'a list' },
};

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * A YAML text that reports each problem with its line. A problem quotes only keys that are known: anything else in the file,
 * a key with a typing error included, may be part of a prompt.
 */
export class YamlSource {
  readonly problems: string[] = [];
  private readonly lines = new LineCounter();
  private readonly document;

  constructor(
    private readonly file: string,
    text: string,
    /** The line of the file that the text begins at. */
    private readonly firstLine: number,
  ) {
    // Warnings of the parser quote the text.
    const options = { lineCounter: this.lines, prettyErrors: false, logLevel: 'error' } as const;
    this.document = parseDocument(text, options);
    const invalid = [...this.document.errors, ...this.document.warnings].map(
      ({ code, pos }) => `${this.at(pos[0])} is not valid YAML (${code}); correct the syntax here`,
    );
    // One mistake may cause the same error many times in a line.
    this.problems.push(...new Set(invalid));
    visit(this.document, { Alias: (_, alias) => this.refuse(alias) });
  }

  isMap(path: Path): boolean {
    return isMap(this.nodeAt(path));
  }

  has(path: Path): boolean {
    return this.document.hasIn(path);
  }

  /** Of a list; 0 for anything else. */
  length(path: Path): number {
    const node = this.nodeAt(path);
    return isSeq(node) ? node.items.length : 0;
  }

  /** Of a map. Reports those that YAML does not read as text, such as numbers. */
  keys(path: Path): string[] {
    return (this.nodeAt(path) as YAMLMap).items.flatMap(({ key }) => {
      if (isScalar(key) && isString(key.value)) return key.value;
      this.problems.push(`${this.at(startOf(key))} has a key that is no text; put it in quotes`);
      return [];
    });
  }

  /** A value as it is written, so that no digit of a decimal is lost. */
  text(path: Path): string {
    return textOf(this.nodeAt(path));
  }

  value(): unknown {
    return this.document.toJS();
  }

  /** Checks the keys of a map, and the types of their values. */
  checkKeys(path: Path, kinds: Kinds): void {
    for (const pair of (this.nodeAt(path) as YAMLMap).items) this.checkPair(path, pair as Pair, kinds);
  }

  /** By the decorators of the input's class. */
  validate(path: Path, input: object): void {
    try {
      validateInput(input);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The first element is the argument `input`.
      for (const field of error.details.fields ?? [])
        this.report([...path, ...field.path.slice(1)], field.message);
    }
  }

  report(path: Path, problem: string): void {
    const subject = path.length > 0 ? `\`${path.join('.')}\` ` : '';
    this.problems.push(`${this.lineOf(path)} ${subject}${problem}`);
  }

  private checkPair(parent: Path, { key, value }: Pair, kinds: Kinds): void {
    const name = isScalar(key) ? String(key.value) : '';
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(kinds).join(', ');
      this.problems.push(`${this.at(startOf(key))} has an unknown key; the known ones are ${known}`);
      return;
    }
    const { holds, wanted } = KINDS[kind];
    const plain = (value as Node | null)?.toJS(this.document) ?? null;
    if (!holds(plain, textOf(value))) this.report([...parent, name], `must be ${wanted}`);
  }

  /** An alias multiplies what a few bytes expand to. */
  private refuse(alias: Alias): void {
    this.problems.push(`${this.at(startOf(alias))} must not use an alias; write the value here`);
  }

  private nodeAt(path: Path): unknown {
    return path.length > 0 ? this.document.getIn(path, true) : this.document.contents;
  }

  private lineOf(path: Path): string {
    const node = this.nodeAt(path);
    return node === undefined && path.length > 0 ? this.lineOf(path.slice(0, -1)) : this.at(startOf(node));
  }

  private at(offset: number): string {
    return `${this.file}:${this.lines.linePos(offset).line + this.firstLine - 1}`;
  }
}

function textOf(node: unknown): string {
  return isScalar(node) ? (node.source ?? String(node.value)) : '';
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}
