import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readFederation } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';
import { packageFile } from '../config/package-files.js';
import { readConfiguration } from './configuration.js';

const HELP = `Usage: graphql-context-cache [option]

Serves explicit context caching of large language models over GraphQL. Without an option it starts the server.

  --check-config   list every problem of the configuration, prompt files and models, or what is in effect and the prompts;
                   of a secret only whether it is set. Exit code 1 if there is a problem.
  --print-schema   print the GraphQL schema; with FEDERATION=on, as a router composes it
  --version        print the version
  --help           print this text

The configuration is read from the environment, and from .env in the folder that the server is started in; what the
environment sets wins. A relative path starts at that folder, too, also that of STORE_URL, PROMPTS and MODELS.`;

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
  const { config, notices, prompts } = await readConfiguration();
  const lines = [...config.settings].map(([name, value]) => `${name}: ${value}`);
  const listed = prompts.map(
    ({ name, context, version }) => `  ${name}: ${context.model}, version ${version}`,
  );
  const promptLines = listed.length > 0 ? ['', 'Prompts:', ...listed] : [];
  return ['The configuration is usable.', ...notices, '', ...lines, ...promptLines].join('\n');
}
