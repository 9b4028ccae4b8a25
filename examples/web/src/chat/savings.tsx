import { CacheReportDocument, type CacheReportQuery } from 'graphql-context-cache-client';
import { useEffect, useState } from 'react';
import { useSession } from '../session/session';
import { useLanguage } from '../words/language';
import { formatMoney } from './cost';

/** What caching has saved this caller, asked for anew after each answer. Nothing is shown where it is not known. */
export function Savings({ answers }: { answers: number }) {
  const { client } = useSession();
  const { words, language } = useLanguage();
  const [money, setMoney] = useState<CacheReportQuery['cacheReport']['money']>();
  // Each answer changes the report.
  useEffect(() => {
    let isCurrent = true;
    client
      .request(CacheReportDocument, {})
      .then(({ cacheReport }) => isCurrent && setMoney(cacheReport.money))
      .catch(() => undefined);
    return () => {
      isCurrent = false;
    };
  }, [client, answers]);
  if (!money) return null;
  const { saved, withoutCache } = money;
  const { amount, currency } = saved;
  const without = formatMoney({ amount: withoutCache.amount, currency }, language);
  const isLoss = amount.startsWith('-');
  const absolute = formatMoney({ amount: amount.replace('-', ''), currency }, language);
  return <p className="hint">{isLoss ? words.lost(absolute) : words.saved(absolute, without)}</p>;
}
