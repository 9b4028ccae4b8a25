/** Exact decimals as text, per million tokens; storage per million tokens and hour. */
export interface SandboxPrices {
  currency: string;
  input: string;
  cachedInput: string;
  cacheWrite: string;
  output: string;
  storagePerHour: string;
}

/** What a prompt of so many tokens costs; null: nothing is billed. */
export type PriceOf = (model: string, promptTokens: number) => SandboxPrices | null;

/** The tokens of one call, none of them in two parts. */
export interface BilledTokens {
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
}

/** Amounts are whole numbers of 10^-18 of the currency: prices with up to twelve decimals are billed exactly. */
export const LEDGER_DIGITS = 18;
const PRICE_DIGITS = 12;

export interface LedgerLine {
  model: string;
  currency: string;
  spent: bigint;
  storage: bigint;
}

/** What the sandbox bills, as Ark does: calls by their tokens, and kept tokens by started hours. */
export class Ledger {
  private readonly byKind = new Map<string, LedgerLine>();

  constructor(private readonly priceOf: PriceOf = () => null) {}

  get lines(): LedgerLine[] {
    return [...this.byKind.values()];
  }

  call(model: string, tokens: BilledTokens): void {
    const prompt = tokens.input + tokens.cachedInput + tokens.cacheWrite;
    const prices = this.priceOf(model, prompt);
    if (!prices) return;
    const parts = ['input', 'cachedInput', 'cacheWrite', 'output'] as const;
    const line = this.lineOf(model, prices);
    for (const part of parts) line.spent += BigInt(tokens[part]) * scaled(prices[part]);
  }

  /** `promptTokens`: of the call that keeps them for longer. */
  keep(model: string, promptTokens: number, tokenHours: number): void {
    const prices = this.priceOf(model, promptTokens);
    if (prices) this.lineOf(model, prices).storage += BigInt(tokenHours) * scaled(prices.storagePerHour);
  }

  private lineOf(model: string, { currency }: SandboxPrices): LedgerLine {
    const kind = `${currency} ${model}`;
    const line = this.byKind.get(kind) ?? { model, currency, spent: 0n, storage: 0n };
    this.byKind.set(kind, line);
    return line;
  }
}

/** Per token: six of the digits account for prices being per million tokens. */
function scaled(price: string): bigint {
  const [whole = '', decimals = ''] = price.split('.');
  if (decimals.length > PRICE_DIGITS) throw new Error(`${price} has more than ${PRICE_DIGITS} decimals`);
  return BigInt(whole + decimals.padEnd(PRICE_DIGITS, '0'));
}
