import type { Caller } from '../auth/caller.js';
import { badUserInput } from '../errors.js';
import type { Holding, Place } from '../registry/store.js';
import { keyOf } from './names.js';

export const LONGEST_PAGE = 100;

/** A place by what does not change: entries that come or go elsewhere do not move it. */
export function toCursor({ heldAt, context }: Holding): string {
  return Buffer.from(`${heldAt} ${context.id}`).toString('base64url');
}

export function fromCursor(cursor: string, caller: Caller): Place {
  const [, heldAt, id] = /^(\d{1,15}) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (heldAt !== undefined && id !== undefined) return { heldAt: Number(heldAt), key: keyOf(caller, id) };
  const message = 'must be a cursor that `contexts` gave';
  throw badUserInput(`after ${message}`, [{ path: ['after'], message }]);
}
