import leven from 'leven';
import { isOrigin } from '../util/origin.js';

const SET = 'set';
const NOT_SET = 'not set';
/** A name, or an IPv6 address in its brackets. */
const HOST_NAME = /^(?:\[[\da-f:.]+\]|[a-z\d](?:[a-z\d.-]*[a-z\d])?)$/i;

/** Reads variables and collects what is wrong; a problem names the variable, never its value. */
export class EnvReader {
  readonly problems: string[] = [];
  /** Every variable that was read, with the value it came to; of secrets only whether they are set. */
  readonly settings = new Map<string, string>();
  /** Every variable that was asked for, whether it is set or not. */
  private readonly names = new Set<string>();
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** The raw value. Unlike `text` and the others, does not record it in `settings`. */
  given(name: string): string | undefined {
    this.names.add(name);
    return this.env[name]?.trim() || undefined;
  }

  /** A sentence for each variable that looks like a misspelt one of ours. To be called after everything was read. */
  misspelt(): string[] {
    const known = [...this.names].filter((name) => !READ_BY_OTHERS.test(name));
    return Object.keys(this.env).flatMap((name) => {
      const meant = this.names.has(name) ? undefined : nearest(name, known);
      return meant ? [`${name} is not a variable of this server. Did you mean ${meant}?`] : [];
    });
  }

  text(name: string): string | undefined;
  text(name: string, fallback: string): string;
  text(name: string, fallback?: string): string | undefined {
    const value = this.given(name) ?? fallback;
    this.settings.set(name, value === undefined ? NOT_SET : withoutSecrets(value));
    return value;
  }

  secret(name: string): string | undefined {
    const value = this.given(name);
    this.settings.set(name, value === undefined ? NOT_SET : SET);
    if (value !== undefined && !/^[\x21-\x7e]+$/.test(value)) {
      this.problems.push(`${name} may hold visible ASCII characters only`);
    }
    return value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name, String(fallback));
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.problems.push(`${name} must be a whole number from ${min} to ${max}`);
    return fallback;
  }

  /** A decimal number, 0 if it is not given, in billionths. */
  billionths(name: string): number {
    const value = this.text(name, '0');
    const [, whole = '', fraction = ''] = /^(\d{1,6})(?:\.(\d{1,9}))?$/.exec(value) ?? [];
    if (whole === '') this.problems.push(`${name} must be a decimal number below a million, such as 2.50`);
    return Number(whole + fraction.padEnd(9, '0'));
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.choice(name, ['on', 'off', 'true', 'false'], fallback ? 'on' : 'off');
    return value === 'on' || value === 'true';
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T;
  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T | undefined {
    const value = fallback === undefined ? this.text(name) : this.text(name, fallback);
    if (value === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) this.problems.push(`${name} must be one of ${choices.join(', ')}`);
    return choice ?? fallback;
  }

  /** A URL of one of these protocols, as it stands. */
  url(name: string, protocols: string[], wanted: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isUsable = url !== undefined && protocols.includes(url.protocol) && url.hostname !== '';
    if (!isUsable) this.problems.push(`${name} must be ${wanted}`);
    else if (!isDecodable(url.username + url.password))
      this.problems.push(`${name} must have % in its user or password written as %25`);
    return value;
  }

  origins(name: string): string[] {
    const named = this.list(name);
    // `*` would let any page call the server; a path or a capital letter would never match.
    if (!named.every(isOrigin)) {
      this.problems.push(`${name} must be origins such as https://app.example, separated by commas`);
    }
    return named;
  }

  /** Names as `Host` has them, without a port. */
  hostNames(name: string): string[] {
    const named = this.list(name);
    if (!named.every((host) => HOST_NAME.test(host))) {
      this.problems.push(
        `${name} must be host names such as context.example, without ports, separated by commas`,
      );
    }
    return named;
  }

  private list(name: string): string[] {
    const items = (this.text(name) ?? '').split(',').map((item) => item.trim());
    return items.filter((item) => item !== '');
  }
}

/** Standard names: a similar one is probably another program's. */
const READ_BY_OTHERS = /^(?:NODE_|OTEL_)|_PROXY$/i;
/** Kubernetes sets `_PORT` for every service: one called "gateway" gives GATEWAY_PORT. Windows sets PROMPT for its shell. */
const SET_BY_SYSTEM = /_PORT$|^PROMPT$/;
/** How many of a name's characters may differ. More where the first word is ours, because few other programs use it. */
const LARGEST_DIFFERENCE = { sameFirstWord: 0.4, otherwise: 0.15 };

function nearest(name: string, known: string[]): string | undefined {
  if (SET_BY_SYSTEM.test(name)) return undefined;
  const written = name.toUpperCase();
  const near = known
    .map((candidate) => ({ candidate, difference: difference(written, candidate) }))
    .filter(({ candidate, difference }) => {
      const isOurs = firstWord(written) !== '' && firstWord(written) === firstWord(candidate);
      return difference <= LARGEST_DIFFERENCE[isOurs ? 'sameFirstWord' : 'otherwise'];
    });
  return near.sort((one, other) => one.difference - other.difference)[0]?.candidate;
}

/** From 0, the same, to 1, nothing in common. */
function difference(one: string, other: string): number {
  return leven(one, other) / Math.max(one.length, other.length);
}

/** Empty where there is only one. */
function firstWord(name: string): string {
  return name.slice(0, name.indexOf('_') + 1);
}

/** A URL may hold a password before its host, a token in its query and, written wrongly, either in its path. */
function withoutSecrets(value: string): string {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(value)) return value;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || url.pathname.includes('@')) return SET;
  const user = url.username + url.password === '' ? '' : '***@';
  const rest = url.search + url.hash === '' ? '' : '?***';
  return `${url.protocol}//${user}${url.host}${url.pathname}${rest}`;
}

/** Clients decode the user and password of a URL, which its syntax does not check. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
