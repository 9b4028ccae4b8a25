import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig, readFederation } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';
import { packageFile } from '../config/package-files.js';

const HELP = `Usage: graphql-context-cache [option]

Serves explicit context caching of large language models over GraphQL. Without an option it starts the server.

  --check-config   say all that is wrong with the configuration, or what is in effect where nothing is; secrets
                   are only said to be set or not. Exit code 1 where something is wrong.
  --print-schema   print the GraphQL schema; with FEDERATION=on, as a router composes it
  --version        print the version
  --help           print this text

The configuration is read from the environment, and from .env in the folder that the server is started in; what the
environment sets wins. A relative path starts at that folder, too, also that of STORE_URL.`;

/** Wrong arguments; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Answers what the options ask for; gives back false where they ask for nothing and the server is to start. */
export async function answer(args: string[]): Promise<boolean> {
  const asked = readOptions(args);
  if (asked.help) console.log(`${HELP}\n\n${readFile('.env.example')}`);
  else if (asked.version) console.log(JSON.parse(readFile('package.json')).version);
  else if (asked['print-schema']) console.log(await printedSchema());
  else if (asked['check-config']) console.log(await describeConfig());
  else return false;
  return true;
}

function readOptions(args: string[]) {
  try {
    const option = { type: 'boolean', default: false } as const;
    const options = { help: option, version: option, 'print-schema': option, 'check-config': option };
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nTry: graphql-context-cache --help`);
  }
}

/** One that comes with the package, wherever it was started. */
function readFile(name: string): string {
  return readFileSync(packageFile(name), 'utf8').trimEnd();
}

async function printedSchema(): Promise<string> {
  loadEnvFile();
  const federation = readFederation();
  const { createSchema } = await import('../schema/build.js');
  const { subgraphSdl } = await import('../schema/federation.js');
  const { printSchema } = await import('graphql');
  return (federation ? subgraphSdl : printSchema)(createSchema());
}

async function describeConfig(): Promise<string> {
  const envFile = loadEnvFile();
  const config = readConfig();
  const { notices, settings } = config;
  const { notWarm, readPrompts } = await import('../prompts/prompt-folder.js');
  const prompts = await readPrompts(config);
  const lines = [...settings].map(([name, value]) => `${name}: ${value}`);
  const about = prompts.map(
    ({ name, version, context }) => `prompt ${name}: version ${version}, model ${context.model}`,
  );
  const said = [...(envFile ? [envFile] : []), ...notices, ...notWarm(config, prompts)];
  return ['The configuration is usable.', ...said, '', ...lines, ...about].join('\n');
}
