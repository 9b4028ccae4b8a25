import { ConfigError, readConfig } from './config.js';
import { startServer } from './server.js';

try {
  const config = readConfig();
  const server = await startServer(config);
  console.log([...config.notices, `GraphQL and its playground: ${server.url}`].join('\n'));
  const end = () => {
    process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1));
    void server.close();
  };
  process.once('SIGTERM', end).once('SIGINT', end);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
