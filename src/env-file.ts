import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.js';

const PATH = '.env';
const NAME = /^[A-Za-z_][\w.-]*$/;
/** Node's parser drops a last line that it does not understand; behind it there is always one more. */
const LAST = '_LAST_LINE';

/**
 * Adds what `.env` of the folder that the server is started in sets and the environment does not. Gives back what to say of
 * it; undefined where there is no such file.
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

/** `process.loadEnvFile` says nothing of a folder, of which file it read, and of lines that it does not understand. */
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
  const { [LAST]: last, ...variables } = parseEnv(`${content}\n${LAST}=1`);
  const wrong = Object.keys(variables).find((name) => !NAME.test(name));
  if (wrong === undefined && last !== undefined) return variables;
  const place = wrong === undefined ? '' : ` line ${lineOf(wrong, content)}`;
  throw new ConfigError([`${PATH}${place} cannot be parsed: write NAME=value, in UTF-8`]);
}

/** Its number has to do: what the line says may be a secret. */
function lineOf(name: string, content: string): number {
  const [beginning = ''] = name.split('\n');
  return content.slice(0, content.indexOf(beginning)).split('\n').length;
}
