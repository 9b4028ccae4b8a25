/** Readers for foreign JSON: a value of another type is null, never a crash. */

export type JsonObject = { readonly [key: string]: unknown };

/** The largest GraphQL Int. */
export const MAX_INT = 2_147_483_647;
/** The year 5138: larger numbers are milliseconds. */
const MAX_UNIX_SECONDS = 100_000_000_000;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** undefined if the text is no JSON. Some servers put a byte order mark before it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

export function asArray(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null;
}

/** Characters of a model's name at most: it is stored, measured and returned. */
const MAX_NAME = 256;

export function asName(value: unknown): string | null {
  const name = asText(value);
  return name !== null && name.length <= MAX_NAME ? name : null;
}

export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The gateway's words, and our value for each. */
export type Spellings<T> = readonly (readonly [string, T])[];

/** Our value for a word. For so few words a Map is slower: it would first intern the parsed string. */
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

/** Whole seconds: `300`, `"300"`, and as Google writes durations, `"300s"` or `"300.5s"`. */
export function asSeconds(value: unknown): number | null {
  const [, digits] = /^(\d{1,10}(?:\.\d+)?) ?s?$/.exec(asText(value)?.trim() ?? '') ?? [];
  const seconds = digits === undefined ? value : Number(digits);
  return typeof seconds === 'number' ? asCount(Math.floor(seconds)) : null;
}

/** Unix time in seconds, with or without a fraction, or in milliseconds; as a number, its digits or an ISO date. */
export function asDate(value: unknown): Date | null {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return validDate(Date.parse(value));
  const number = typeof value === 'string' && /^\d{1,16}(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 1)) return null;
  const seconds = number > MAX_UNIX_SECONDS ? number / 1_000 : number;
  return seconds > MAX_UNIX_SECONDS ? null : validDate(Math.floor(seconds) * 1_000);
}

function validDate(milliseconds: number): Date | null {
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds);
}
