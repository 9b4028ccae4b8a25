import type { Statements } from './file.js';

/** How many are kept in mind: 100 bytes each. */
const MAX_KNOWN = 50_000;

/** Short numbers for the texts that come in many rows. */
export class Names {
  private readonly known = new Map<string, number>();

  constructor(private readonly sql: Statements) {}

  /** undefined: nobody has written it yet. */
  find(name: string): number | undefined {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const row = this.sql.numberOf.get(name) as [number] | undefined;
    return row && this.know(name, row[0]);
  }

  /** Only inside of a transaction. */
  numberOf(name: string): number {
    return this.find(name) ?? this.know(name, (this.sql.addName.get(name) as [number])[0]);
  }

  /** After a transaction that failed, numbers it gave out are nobody's. */
  forget(): void {
    this.known.clear();
  }

  private know(name: string, number: number): number {
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(name, number);
    return number;
  }
}
