import { GatewayHttp } from '../../src/gateway/http/client.js';
import { eventually } from '../support/eventually.js';
import { json, StandIn } from '../support/stand-in.js';

/** Nobody outside can see what is kept of a connection that has ended. */
function clientsOf(http: GatewayHttp): Set<unknown> {
  return (http as unknown as { connections: { clients: Set<unknown> } }).connections.clients;
}

describe('the connections to the gateway', () => {
  it.each([
    ['are kept for the next calls', {}, 3],
    ['are let go of where the gateway ends them behind its answers', { connection: 'close' }, 0],
  ])('%s', async (_, headers, kept) => {
    await using standIn = await StandIn.start((response) => json(response, 200, {}, headers));
    const timeouts = { connectTimeoutMs: 1_000, headersTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
    const http = new GatewayHttp({ url: standIn.url, maxResponseBytes: 1_000, ...timeouts });
    const caller = new AbortController();
    const call = {
      operation: 'models',
      method: 'GET',
      path: '/models',
      credential: { key: 'sk-1', owner: 'server' },
      signal: caller.signal,
    } as const;
    await Promise.all([1, 2, 3].map(() => http.json(call, http.open(caller.signal))));
    await eventually(() => clientsOf(http).size === kept);
    await http.close();
  });
});
