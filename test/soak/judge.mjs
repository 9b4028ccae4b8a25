import { judgeQuota, judgeTotals, QUOTA } from './quota.mjs';

/** Bytes that the heap may grow by from the end of the warm-up to the end. */
const MAX_GROWTH = 6 * 1024 * 1024;
/** What a caller may be told by a sound server before a faulty gateway. */
const EXPECTED =
  /^(OK|left|cut|interrupted|refused in trouble|RATE_LIMITED|RUN_NOT_FOUND|GATEWAY_(TIMEOUT|UNAVAILABLE|BAD_RESPONSE)|CONTEXT_NOT_FOUND|OUTCOME_UNKNOWN)$/;

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
    problems.push(...caller.problems, ...(await missing(caller, ledger)));
    problems.push(...(await judgeTotals(caller, ledger, timeline)));
  }
  return problems;
}

/** What of the answered is not there, or less than it was. */
async function missing(caller, ledger) {
  const kept = await caller.kept();
  const problems = [];
  for (const [id, { text, chats, promptTokens }] of caller.answered) {
    const totals = kept.get(id);
    // Twice in a row is for good, which a caller who has left is not told.
    const isLost = ledger.entriesOf(text).filter((entry) => entry.isLost).length > 1;
    if (!totals && !isLost) problems.push(`${id} was answered and is not there`);
    if (totals && (totals.chats < chats || totals.promptTokens < promptTokens))
      problems.push(`${id}: ${chats} chats were answered, and its totals are ${JSON.stringify(totals)}`);
  }
  return problems;
}

export function judgeSpenders(spenders, { ledger, timeline }) {
  const judged = spenders.map((spender) => ({ spender, ...judgeQuota(spender, ledger, timeline) }));
  const sum = (name) => judged.reduce((total, one) => total + one[name], 0);
  const used = judged.filter(({ spender }) => spender.hasUsedUp);
  const exact = used.filter(({ alone }) => alone === 0).map(({ together }) => together);
  const range = exact.length > 0 ? `${Math.min(...exact)} to ${Math.max(...exact)}` : 'no';
  const lines = [
    `quota of ${QUOTA} tokens: ${used.length} of ${judged.length} spenders used it up`,
    `${exact.length} of them while the store had room: they were billed ${range} tokens`,
    `tokens billed while the store was full: ${sum('alone')}; for answers asked for again: ${sum('again')}`,
  ];
  return { problems: judged.flatMap(({ problems }) => problems), lines };
}

export function megabytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
