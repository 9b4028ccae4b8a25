#!/usr/bin/env node
// Must be loaded before the classes that type-graphql's decorators describe.
import 'reflect-metadata';
import type { RunningServer } from './app.js';
import { readConfiguration } from './cli/configuration.js';
import { runOptions } from './cli/options.js';
import { UsageError } from './cli/usage-error.js';
import { type Config, ConfigError } from './config/config.js';
import { isChatPageBuilt } from './pages/chat-page.js';

/** Milliseconds beyond the grace time after which the process exits whatever is still open. */
const STUCK_MS = 5_000;

try {
  if (!(await runOptions(process.argv.slice(2)))) await serve();
} catch (error) {
  const isMeantForTheOperator = error instanceof ConfigError || error instanceof UsageError;
  console.error(isMeantForTheOperator ? error.message : error);
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function serve(): Promise<void> {
  const { config, notices } = await readConfiguration();
  const [{ startServer }, { createLog }] = await Promise.all([
    import('./app.js'),
    import('./telemetry/logs.js'),
  ]);
  const log = createLog(config.logLevel);
  let server: RunningServer | undefined;
  let isEnding = false;
  /** The first call shuts down gracefully, a second one exits immediately. */
  const end = (exitCode: number) => {
    if (isEnding) process.exit(1);
    if (!server) process.exit(exitCode);
    isEnding = true;
    process.exitCode = exitCode;
    setTimeout(() => process.exit(1), config.shutdownGraceMs + STUCK_MS).unref();
    server.close().then(
      () => process.exit(exitCode),
      (err) => {
        log.fatal({ err }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end(0)).on('SIGINT', () => end(0));
  // The process is in an unknown state: log, shut down and exit. Node reports unhandled rejections here, too.
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'the server ends because of an error that nobody caught');
    end(1);
  });
  server = await startServer(config, { log });
  // Printed last, because whoever waits for this line may send a signal immediately.
  console.log([...notices, ...addresses(config, server.url)].join('\n'));
}

function addresses({ playground }: Config, url: string): string[] {
  const graphql = `GraphQL: ${url}`;
  if (!playground) return [graphql];
  const chatPage = isChatPageBuilt() ? new URL('/', url) : 'not built yet, run `npm run build`';
  return [`Playground: ${url} (in a browser)`, `Chat page: ${chatPage}`, graphql];
}
