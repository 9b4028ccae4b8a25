import { useLanguage } from '../words/language';

export interface Money {
  amount: string;
  currency: string;
}

export function Cost({ money }: { money: Money | null | undefined }) {
  const { words, language } = useLanguage();
  return money && <p className="hint">{words.cost(formatMoney(money, language))}</p>;
}

/** Rounded for a person to read; the server's amounts are exact. */
export function formatMoney({ amount, currency }: Money, language: string): string {
  const format = new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    maximumSignificantDigits: 3,
  });
  return format.format(Number(amount));
}

/** null if one of them is missing, or their currencies differ. */
export function sumOf(costs: readonly (Money | null | undefined)[]): Money | null {
  const [first] = costs;
  if (!first || !costs.every((one) => one?.currency === first.currency)) return null;
  const amount = costs.reduce((sum, one) => sum + Number(one?.amount), 0);
  return { amount: String(amount), currency: first.currency };
}
