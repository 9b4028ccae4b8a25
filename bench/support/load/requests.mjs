import { Pool } from 'undici';
import { quantile } from '../statistics.mjs';
import { chatBody, createContextBody, createPrefixBody, promptChatBody } from './operations.mjs';

/** Opening all connections at once is a load of its own, so requests of this period do not count towards latency. */
const OPENING_MS = 250;

/**
 * Calls createContext over `connections` for `ms`.
 * @param {{ url: string, connections: number, ms: number, promptBytes?: number, callers?: number }} options
 *   callers: number of keys used in turn
 */
export function createContexts({ url, connections, ms, promptBytes, callers = 1 }) {
  const body = createContextBody(promptBytes);
  return callAll({ url, connections, ms }, (calls) => [body, `sk-bench-${calls % callers}`]);
}

/** Chats with the contexts in turn. @param {{ url: string, connections: number, ms: number, contextIds: string[] }} options */
export function chats({ url, connections, ms, contextIds }) {
  return callAll({ url, connections, ms }, (calls) => [
    chatBody(contextIds[calls % contextIds.length]),
    'sk-bench-0',
  ]);
}

/** @param {(calls: number) => [body: string, key: string]} next the request after a number of calls */
async function callAll({ url, connections, ms }, next) {
  const latencies = [];
  const openUntil = Math.min(OPENING_MS, ms / 2);
  let begun = 0;
  let calls = 0;
  const from = performance.now();
  await withPool(url, connections, async (call) => {
    while (performance.now() - from < ms) {
      const sent = performance.now();
      await call(...next(begun++));
      calls += 1;
      if (sent - from >= openUntil) latencies.push(performance.now() - sent);
    }
  });
  return {
    calls,
    seconds: (performance.now() - from) / 1_000,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** Chats with one prompt. @param {{ url: string, connections: number, ms: number, prompt: string }} options */
export function promptChats({ url, connections, ms, prompt }) {
  const body = promptChatBody(prompt);
  return callAll({ url, connections, ms }, () => [body, 'sk-bench-0']);
}

/** Creates a prefix and returns its id. @param {{ url: string }} options */
export async function newPrefixId({ url }) {
  let id;
  await withPool(url, 1, async (call) => {
    id = (await call(createPrefixBody(), 'sk-bench-0')).data.createContext.id;
  });
  return id;
}

/** Creates contexts for chats and returns their ids. @param {{ url: string, count: number }} options */
export async function newContextIds({ url, count }) {
  const body = createContextBody();
  const ids = [];
  let asked = 0;
  await withPool(url, Math.min(32, count), async (call) => {
    while (asked < count) {
      asked += 1;
      ids.push((await call(body, 'sk-bench-0')).data.createContext.id);
    }
  });
  return ids;
}

/** Runs one worker per connection; an unexpected answer ends the bench. */
async function withPool(url, connections, work) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const call = async (body, key) => {
    const response = await pool.request({
      method: 'POST',
      path: pathname,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body,
    });
    const text = await response.body.text();
    const answer = JSON.parse(text);
    const { createContext, chat } = answer.data ?? {};
    if (!(createContext ?? chat)?.id) throw new Error(`${response.statusCode} ${text.slice(0, 1_000)}`);
    return answer;
  };
  try {
    await Promise.all(Array.from({ length: connections }, () => work(call)));
  } finally {
    await pool.destroy();
  }
}
