import { judgeQuota, judgeTotals, QUOTA } from './quota.mjs';

/** Bytes that the heap may grow by from the end of the warm-up to the end. */
const MAX_GROWTH = 6 * 1024 * 1024;
/** What a caller may be told by a sound server before a faulty gateway. */
const EXPECTED =
  /^(OK|left|cut|refused in trouble|RATE_LIMITED|GATEWAY_(TIMEOUT|UNAVAILABLE|BAD_RESPONSE)|CONTEXT_NOT_FOUND|OUTCOME_UNKNOWN)$/;

export async function leftOpen(gateway, server) {
  const open = {
    'requests at the gateway': gateway.running,
    'connections to the gateway': await gateway.connections(),
    streams: await server.gauge('streams_open'),
    operations: await server.gauge('operations_in_flight'),
    'circuit breakers': await server.gauge('gateway_breaker_state'),
  };
  return Object.entries(open)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `open at the end: ${count} ${what}`);
}

export function grown(warm, end) {
  const growth = end.heapUsed + end.external - warm.heapUsed - warm.external;
  return growth > MAX_GROWTH ? [`memory grew by ${megabytes(growth)}`] : [];
}

/** What callers were told, and what became of that. */
export async function judgeCallers(callers, { ledger, timeline }) {
  const problems = [];
  for (const caller of callers) {
    for (const [outcome, count] of caller.outcomes) {
      const isSpent = outcome === 'QUOTA_EXCEEDED' && caller.name.startsWith('spender');
      if (!EXPECTED.test(outcome) && !isSpent) problems.push(`callers were told ${count} times: ${outcome}`);
    }
    for (const [id] of await caller.missing())
      problems.push(`${id} was answered and is not there, or less than it was`);
    problems.push(...caller.problems, ...(await judgeTotals(caller, ledger, timeline)));
  }
  return problems;
}

export function judgeSpenders(spenders, { ledger, timeline }) {
  const judged = spenders.map((spender) => ({ spender, ...judgeQuota(spender, ledger, timeline) }));
  const sum = (name) => judged.reduce((total, one) => total + one[name], 0);
  const used = judged.filter(({ spender }) => spender.hasUsedUp).map(({ together }) => together);
  const range =
    used.length > 0 ? `, and were billed ${Math.min(...used)} to ${Math.max(...used)} tokens` : '';
  const lines = [
    `quota of ${QUOTA} tokens: ${used.length} of ${judged.length} spenders used it up${range}`,
    `tokens billed while the store was full: ${sum('alone')}; for answers asked for again: ${sum('again')}`,
  ];
  return { problems: judged.flatMap(({ problems }) => problems), lines };
}

export function megabytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
