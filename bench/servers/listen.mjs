import { once } from 'node:events';

/**
 * Listens on a free loopback port, prints the URL on stdout, and ends on SIGTERM.
 * @param {import('node:http').Server} server
 * @param {string} path of the measured endpoint
 */
export async function listen(server, path) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  announce(server.address().port, path);
}

/** @param {number} port @param {string} path */
export function announce(port, path) {
  process.once('SIGTERM', () => process.exit(0));
  console.log(`http://127.0.0.1:${port}${path}`);
}
