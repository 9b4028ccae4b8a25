import type { ContextRecord } from './store.js';

type Packed = [
  id: string,
  gatewayId: string | 0,
  model: string,
  mode: string | null,
  ttl: number | null,
  createdAt: number,
  messages: string | null,
  details: string,
];

/** What does not change with use, as short as it gets: a store's speed and size are its rows' lengths. */
export function packRecord(context: ContextRecord): string {
  const { id, gatewayId, model, mode, ttl, createdAt, messages, details } = context;
  const packed: Packed = [
    id,
    gatewayId === id ? 0 : gatewayId,
    model,
    mode,
    ttl,
    createdAt,
    messages,
    details,
  ];
  return JSON.stringify(packed);
}

export function unpackRecord(key: string, goneAt: number, data: string): ContextRecord {
  const [id, gatewayId, model, mode, ttl, createdAt, messages, details] = JSON.parse(data) as Packed;
  return { key, id, gatewayId: gatewayId || id, model, mode, ttl, createdAt, goneAt, messages, details };
}
