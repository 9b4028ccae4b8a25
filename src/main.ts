import { ConfigError, readConfig } from './config.js';
import { startServer } from './server.js';
import { createLog } from './telemetry/logs.js';

try {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const server = await startServer(config, { log });
  console.log([...config.notices, `GraphQL and its playground: ${server.url}`].join('\n'));
  let isEnding = false;
  /** Once: in peace. Again: at once. */
  const end = (exitCode: number) => {
    if (isEnding) process.exit(1);
    isEnding = true;
    server.close().then(
      () => log.flush(() => process.exit(exitCode)),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', () => end(0)).on('SIGINT', () => end(0));
  // Nobody knows in what state such an error leaves the process: it says so, ends what runs, and goes.
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'the server ends because of an error that nobody caught');
    end(1);
  });
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
