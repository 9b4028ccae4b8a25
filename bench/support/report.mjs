import { cpus, totalmem } from 'node:os';
import { plot } from './plot.mjs';

export function machine() {
  const [{ model }] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: model,
    cpus: cpus().length,
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
  };
}

/** To three significant digits; more are noise on a shared machine. */
export function rounded(value) {
  if (typeof value === 'number') return Number(value.toPrecision(3));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}

/** Prints one table per measurement. @param {Record<string, object>} results */
export function printResults(results) {
  for (const [title, rows] of Object.entries(results)) {
    console.log(`\n${title}`);
    console.table(rows);
  }
}

export function plotResults({ createContext, chatStream }) {
  const bar = (label, value, isOurs) => ({ label, value, isOurs });
  return plot([
    {
      title: 'createContext per second on one core, as a share of a raw forwarder',
      bars: [
        bar('raw forwarder', 1, false),
        bar('graphql-context-cache', createContext.ours.shareOfRaw, true),
        bar('mercurius with JIT', createContext.mercurius.shareOfRaw, false),
        bar('graphql-yoga', createContext.yoga.shareOfRaw, false),
      ],
    },
    {
      title: 'chatStream: chunks per second of processor time, as a share of a raw relay',
      bars: [
        bar('raw relay', 1, false),
        bar('server-sent events', chatStream.oursSse.shareOfRaw, true),
        bar('WebSocket', chatStream.oursWs.shareOfRaw, true),
      ],
    },
  ]);
}
