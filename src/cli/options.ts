import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readFederation } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';
import { packageFile } from '../config/package-files.js';
import { readConfiguration } from './configuration.js';
import { UsageError } from './usage-error.js';

const HELP = `Usage: graphql-context-cache [option]
       graphql-context-cache report [--since 30d] [--by model] [--format table]

Serves explicit context caching of large language models over GraphQL. Without an option it starts the server.

  --check-config   list every problem of the configuration, prompt files and models, or what is in effect and the prompts;
                   of a secret only whether it is set. Exit code 1 if there is a problem.
  --print-schema   print the GraphQL schema; with FEDERATION=on, as a router composes it
  --version        print the version
  report           print what callers spent on models with prices, and what caching saved, from the store at STORE_URL;
                   the server may be running
      --since      a number of days or hours, such as 7d or 12h, or a date, such as 2026-01-31 (30d); 400 days are kept
      --by         caller, model, prompt or day (model); callers as in the logs
      --format     table, csv or json (table); the table rounds, the others are exact
  --help           print this text

The configuration is read from the environment, and from .env in the folder that the server is started in; what the
environment sets wins. A relative path starts at that folder, too, also that of STORE_URL, PROMPTS and MODELS.`;

/** Handles the options; returns false if there are none and the server should start. */
export async function runOptions(args: string[]): Promise<boolean> {
  if (args[0] === 'report' && !args.includes('--help')) {
    // Loaded on demand, so that --version does not wait for it.
    const { printReport } = await import('./report.js');
    await printReport(args.slice(1));
    return true;
  }
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
    const allowPositionals = args[0] === 'report';
    return parseArgs({ args, options, allowPositionals }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Reads a file of the package. */
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
