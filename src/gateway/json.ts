/** Readers for JSON that somebody else wrote: what is not of the expected kind is null, never a crash. */

export type JsonObject = { readonly [key: string]: unknown };

/** The largest number that GraphQL's Int carries. */
const MAX_INT = 2_147_483_647;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** Of a text; null where it holds none. */
export function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

export function asArray(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null;
}

export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Words that the gateway writes, and what each of them is here. */
export type Spellings<T> = readonly (readonly [string, T])[];

/** What one of a few words stands for. A Map would first look for a text just read in V8's table of all names. */
export function asOneOf<T>(value: unknown, spellings: Spellings<T>): T | null {
  for (const [word, meant] of spellings) if (word === value) return meant;
  return null;
}

export function asBoolean(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

/** A whole number from 0 to 2^31 - 1. Ark has been seen to send one as a string. */
export function asCount(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= MAX_INT
    ? number
    : null;
}

export function asUnixSeconds(value: unknown): Date | null {
  const seconds = asCount(value);
  return seconds ? new Date(seconds * 1_000) : null;
}
