import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.js';

const PATH = '.env';
/** An assignment, a comment or nothing. Node's parser passes over what it does not understand, each version in its own way. */
const SOUND_LINE = /^\s*(?:(?:export\s+)?[A-Za-z_][\w.-]*\s*=.*|#.*)?$/;

/**
 * Adds the variables of `.env` in the working folder that the environment does not set. Returns a notice for the operator;
 * undefined if there is no such file.
 */
export function loadEnvFile(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const content = readEnvFile();
  if (content === undefined) return undefined;
  const variables = Object.entries(parse(content));
  const overridden = variables.filter(([name]) => name in env).map(([name]) => name);
  for (const [name, value] of variables) env[name] ??= value;
  const count = `Read ${PATH}: ${variables.length} ${variables.length === 1 ? 'variable' : 'variables'}`;
  return overridden.length === 0
    ? `${count}.`
    : `${count}; the environment itself sets ${overridden.join(', ')}, and wins.`;
}

/** `process.loadEnvFile` reports neither a folder, nor the file that it read, nor lines that it cannot parse. */
function readEnvFile(): string | undefined {
  try {
    return readFileSync(PATH, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ConfigError([`${PATH} cannot be read (${code})`]);
  }
}

function parse(content: string): NodeJS.Dict<string> {
  const variables = parseEnv(content);
  const longValues = Object.values(variables).filter((value) => value?.includes('\n'));
  const isInValue = (line: string) =>
    longValues.some((value) => value?.includes(line.replace(/["'`].*$/, '').trim()));
  const wrong = content.split(/\r?\n/).findIndex((line) => !SOUND_LINE.test(line) && !isInValue(line));
  if (wrong === -1) return variables;
  // Report only the line's number: its text may be a secret.
  throw new ConfigError([`${PATH} line ${wrong + 1} cannot be parsed: write NAME=value, in UTF-8`]);
}
