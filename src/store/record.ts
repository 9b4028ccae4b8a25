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

/** The fields that do not change with use, compact because the length of its rows decides a store's speed and size. */
export function packRecord(context: ContextRecord): string {
  const { key, id, gatewayId, model, mode, ttl, createdAt, messages, details } = context;
  const packed: Packed = [model, mode, ttl, createdAt, messages, details];
  if (gatewayId !== id || id !== idFromKey(key)) packed.push(gatewayId, id);
  return JSON.stringify(packed);
}

export function unpackRecord(key: string, expiresAt: number, data: string): ContextRecord {
  const keyId = idFromKey(key);
  const [model, mode, ttl, createdAt, messages, details, gatewayId = keyId, id = keyId] = JSON.parse(
    data,
  ) as Packed;
  return { key, id, gatewayId, model, mode, ttl, createdAt, expiresAt, messages, details };
}

/** A key is the id, a colon and the account. */
function idFromKey(key: string): string {
  return key.slice(0, key.lastIndexOf(':'));
}
