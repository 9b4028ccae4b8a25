import type { ContextRecord } from './store.js';

type Packed = [
  model: string,
  mode: string | null,
  ttl: number | null,
  createdAt: number,
  messages: string | null,
  details: string,
  gatewayId?: string,
  id?: string,
];

/** What does not change with use, as short as it gets: a store's speed and size are its rows' lengths. */
export function packRecord(context: ContextRecord): string {
  const { key, id, gatewayId, model, mode, ttl, createdAt, messages, details } = context;
  const packed: Packed = [model, mode, ttl, createdAt, messages, details];
  if (gatewayId !== id || id !== idIn(key)) packed.push(gatewayId, id);
  return JSON.stringify(packed);
}

export function unpackRecord(key: string, goneAt: number, data: string): ContextRecord {
  const [model, mode, ttl, createdAt, messages, details, gatewayId, id] = JSON.parse(data) as Packed;
  const ids = { id: id ?? idIn(key), gatewayId: gatewayId ?? idIn(key) };
  return { key, ...ids, model, mode, ttl, createdAt, goneAt, messages, details };
}

/** The id is before the account that it belongs to. */
function idIn(key: string): string {
  return key.slice(0, key.lastIndexOf(':'));
}
