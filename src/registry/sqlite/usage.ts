import { hourOf, type ModelUsage, NO_USE, type Totals } from '../store.js';
import type { Statements } from './file.js';
import type { Names } from './names.js';

type Row = [
  hour: number,
  caller: number,
  model: number,
  contexts: number,
  chats: number,
  promptTokens: number,
  cachedTokens: number,
  completionTokens: number,
  estimatedTokens: number,
];

type ReportRow = [model: string, contexts: number, ...sums: [number, number, number, number, number]];

/** How many rows are in the log at most, so that a report reads through it in milliseconds. */
const MAX_LOGGED = 4_096;

/** What callers use by hour and model, summed up over a transaction: many of its writes are the same caller's. */
export class Usage {
  private rows = new Map<string, Row>();
  private logged = 0;

  constructor(
    private readonly sql: Statements,
    private readonly names: Names,
  ) {}

  countContext(callerId: string, model: string, at: number): void {
    this.add(callerId, model, at, 1, NO_USE);
  }

  countUse(callerId: string, model: string, at: number, totals: Totals): void {
    this.add(callerId, model, at, 0, totals);
  }

  /** Inside of the transaction: at its end, into the log, as each caller's row would be a page of its own to write. */
  write(): void {
    if (this.rows.size === 0) return;
    this.sql.logUsage.run(JSON.stringify([...this.rows.values()]));
    this.logged += this.rows.size;
    this.rows = new Map();
    if (this.logged >= MAX_LOGGED) this.sumUp();
  }

  /** Inside of a transaction: clears the log. */
  sumUp(): void {
    this.sql.sumUpLog.run();
    this.sql.clearLog.run();
    this.logged = 0;
  }

  forget(): void {
    this.rows = new Map();
  }

  since(caller: number, since: number): ModelUsage[] {
    const rows = this.sql.usage.all(caller, hourOf(since)) as ReportRow[];
    return rows.map(
      ([model, contexts, chats, promptTokens, cachedTokens, completionTokens, estimatedTokens]) => ({
        model,
        contexts,
        chats,
        promptTokens,
        cachedTokens,
        completionTokens,
        estimatedTokens,
      }),
    );
  }

  private add(callerId: string, model: string, at: number, contexts: number, totals: Totals): void {
    const hour = hourOf(at);
    const caller = this.names.numberOf(callerId);
    const ofModel = this.names.numberOf(model);
    const key = `${hour},${caller},${ofModel}`;
    let row = this.rows.get(key);
    if (!row) {
      row = [hour, caller, ofModel, 0, 0, 0, 0, 0, 0];
      this.rows.set(key, row);
    }
    row[3] += contexts;
    row[4] += totals.chats;
    row[5] += totals.promptTokens;
    row[6] += totals.cachedTokens;
    row[7] += totals.completionTokens;
    row[8] += totals.estimatedTokens;
  }
}
