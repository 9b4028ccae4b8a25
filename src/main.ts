#!/usr/bin/env node
// Before every class that is described for type-graphql.
import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import type { RunningServer } from './app.js';
import { answer, UsageError } from './cli/options.js';
import { type Config, ConfigError, readConfig } from './config/config.js';
import { loadEnvFile } from './config/env-file.js';
import { isChatPageBuilt } from './pages/chat-page.js';

/** Milliseconds beyond the grace time after which whatever still holds the end up is left behind. */
const STUCK_MS = 5_000;
/**
 * Where many objects of one place in the code outlive a collection of young ones, V8 makes all later ones old from the start. Here
 * these belong to calls that were waiting for the gateway: each one, once over, then keeps all that its call had made until the next
 * full collection, a tenth of a createContext's cost.
 */
const NOTHING_IS_MADE_OLD = '--no-allocation-site-pretenuring';

try {
  if (!(await answer(process.argv.slice(2)))) await serve();
} catch (error) {
  const isMeantForTheOperator = error instanceof ConfigError || error instanceof UsageError;
  console.error(isMeantForTheOperator ? error.message : error);
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function serve(): Promise<void> {
  setFlagsFromString(NOTHING_IS_MADE_OLD);
  const envFile = loadEnvFile();
  const config = readConfig();
  const [{ startServer }, { createLog }] = await Promise.all([
    import('./app.js'),
    import('./telemetry/logs.js'),
  ]);
  const log = createLog(config.logLevel);
  let server: RunningServer | undefined;
  let isEnding = false;
  /** Once: in peace, where anything has begun. Again: at once. */
  const end = (exitCode: number) => {
    if (isEnding) process.exit(1);
    if (!server) process.exit(exitCode);
    isEnding = true;
    process.exitCode = exitCode;
    setTimeout(() => process.exit(1), config.shutdownGraceMs + STUCK_MS).unref();
    server.close().then(
      () => log.flush(() => process.exit(exitCode)),
      (err) => {
        log.fatal({ err }, 'the server could not end in peace');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end(0)).on('SIGINT', () => end(0));
  // Nobody knows in what state such an error leaves the process: it says so, ends what runs, and goes. Node brings
  // rejections that nobody handled here, too.
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'the server ends because of an error that nobody caught');
    end(1);
  });
  server = await startServer(config, { log });
  // Last: who waits for this line may send a signal at once.
  const notices = envFile ? [envFile, ...config.notices] : config.notices;
  console.log([...notices, ...addresses(config, server.url)].join('\n'));
}

function addresses({ playground }: Config, url: string): string[] {
  const graphql = `GraphQL: ${url}`;
  if (!playground) return [graphql];
  const chatPage = isChatPageBuilt() ? new URL('/', url) : 'not built yet, run `npm run build:example`';
  return [`Playground: ${url} (in a browser)`, `Chat page: ${chatPage}`, graphql];
}
