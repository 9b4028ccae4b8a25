import Big from 'big.js';
import { stringify } from 'csv-stringify/sync';
import { savedOf, spentOf } from '../pricing/money-report.js';
import type { Grouping, ReportLine } from '../pricing/spending-report.js';

export const FORMATS = ['table', 'csv', 'json'] as const;
export type Format = (typeof FORMATS)[number];

const AMOUNTS = ['spent', 'storage', 'withoutCache', 'saved'] as const;
const TOKENS = ['input', 'cachedInput', 'cacheWrite', 'output'] as const;
/** Amounts are rounded where a person reads them. */
const TABLE_DIGITS = 4;
const WIDTH = 14;
const NAME_WIDTH = 34;

/** Yields the lines as text, as they come. */
export function formatted(
  lines: AsyncIterable<ReportLine>,
  by: Grouping,
  format: Format,
): AsyncGenerator<string> {
  return { table: asTable, csv: asCsv, json: asJson }[format](lines, by);
}

async function* asCsv(lines: AsyncIterable<ReportLine>, by: Grouping): AsyncGenerator<string> {
  yield stringify([[by, ...TOKENS.map((name) => `${name}Tokens`), 'currency', ...AMOUNTS]]);
  for await (const { name, tokens, currency, ...line } of lines) {
    const amounts = amountsOf(line);
    const counts = TOKENS.map((each) => tokens[each]);
    const exact = AMOUNTS.map((each) => amounts[each].toFixed());
    yield stringify([[withoutFormula(name), ...counts, currency, ...exact]]);
  }
}

/** A name that begins like a formula would be one in a spreadsheet. */
function withoutFormula(name: string): string {
  return /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
}

async function* asJson(lines: AsyncIterable<ReportLine>, by: Grouping): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const { name, tokens, currency, ...line } of lines) {
    const exact = Object.entries(amountsOf(line)).map(([key, amount]) => [key, amount.toFixed()]);
    yield `${separator}${JSON.stringify({ [by]: name, tokens, currency, ...Object.fromEntries(exact) })}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

async function* asTable(lines: AsyncIterable<ReportLine>, by: Grouping): AsyncGenerator<string> {
  const totals = new Map<string, ReturnType<typeof amountsOf>>();
  const titles = ['prompt tokens', 'cached', 'output', 'spent', 'storage', 'without cache', 'saved'];
  for await (const { name, tokens, currency, ...line } of lines) {
    if (totals.size === 0) yield rowOf(by, titles, '');
    const amounts = amountsOf(line);
    const known = totals.get(currency);
    totals.set(currency, known ? addAll(known, amounts) : amounts);
    const prompt = tokens.input + tokens.cachedInput + tokens.cacheWrite;
    const counts = [prompt, tokens.cachedInput, tokens.output].map((count) => count.toLocaleString('en'));
    yield rowOf(name === '' ? '-' : name, [...counts, ...rounded(amounts)], currency);
  }
  if (totals.size === 0) yield 'Nothing was spent on models with prices in this time.\n';
  for (const [currency, amounts] of totals) yield rowOf('total', ['', '', '', ...rounded(amounts)], currency);
}

function amountsOf({ amounts }: Pick<ReportLine, 'amounts'>): Record<(typeof AMOUNTS)[number], Big> {
  const { storage, withoutCache } = amounts;
  return { spent: spentOf(amounts), storage, withoutCache, saved: savedOf(amounts) };
}

function addAll(one: ReturnType<typeof amountsOf>, other: ReturnType<typeof amountsOf>) {
  const sums = AMOUNTS.map((name) => [name, one[name].plus(other[name])] as const);
  return Object.fromEntries(sums) as ReturnType<typeof amountsOf>;
}

function rounded(amounts: ReturnType<typeof amountsOf>): string[] {
  return AMOUNTS.map((name) =>
    amounts[name].toFixed(TABLE_DIGITS, Big.roundHalfEven).replace(/^-(0\.0+)$/, '$1'),
  );
}

function rowOf(name: string, cells: string[], currency: string): string {
  const padded = cells.map((cell) => cell.padStart(WIDTH));
  return `${[name.padEnd(NAME_WIDTH), ...padded, currency].join(' ').trimEnd()}\n`;
}
