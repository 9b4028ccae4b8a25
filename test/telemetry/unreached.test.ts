import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { logUnreached } from '../../src/telemetry/unreached.js';
import { create } from '../support/doors.js';
import { FaultyUpstream } from '../support/faulty-upstream.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { SERVER_KEY, TestServer } from '../support/server.js';

interface Line {
  level: number;
  msg: string;
  code?: string;
  host?: string;
  port?: number;
  suppressed?: number;
}

const unreachedIn = (log: string[]) =>
  log
    .map((line) => JSON.parse(line) as Line)
    .filter(({ msg }) => msg === 'the gateway cannot be reached')
    .map(({ level, code, host, port, suppressed }) => ({ level, code, host, port, suppressed }));

async function logAfter(url: string, calls = 1): Promise<TestServer> {
  const server = await TestServer.start({ GATEWAY_URL: url, GATEWAY_API_KEY: SERVER_KEY });
  for (let call = 0; call < calls; call++) await create(server);
  expect(server.log.join('')).not.toContain(SERVER_KEY);
  return server;
}

describe('the log', () => {
  it('says that nobody listens', async () => {
    const gone = await FaultyUpstream.start(() => undefined);
    const { url, port } = gone;
    await gone[Symbol.asyncDispose]();
    await using server = await logAfter(url, 3);
    expect(unreachedIn(server.log)).toEqual([{ level: 40, code: 'ECONNREFUSED', host: '127.0.0.1', port }]);
  });

  it('says that the name is unknown', async () => {
    await using server = await logAfter('https://nonexistent.invalid/v1');
    expect(unreachedIn(server.log)).toMatchObject([
      { code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/), host: 'nonexistent.invalid', port: 443 },
    ]);
  });

  it('says that the certificate is nobody’s', async () => {
    const tls = createServer(SELF_SIGNED);
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const { port } = tls.address() as AddressInfo;
    await using server = await logAfter(`https://127.0.0.1:${port}/v1`);
    expect(unreachedIn(server.log)).toMatchObject([{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', port }]);
    await new Promise((resolve) => tls.close(resolve));
  });

  it('says nothing of a gateway that refuses', async () => {
    await using upstream = await FaultyUpstream.start((socket) =>
      socket.write('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'),
    );
    await using server = await logAfter(upstream.url);
    expect(unreachedIn(server.log)).toEqual([]);
  });
});

describe('a reason why the gateway cannot be reached', () => {
  it('is logged once in five seconds, with the count of those that were not', () => {
    const log: string[] = [];
    let now = 0;
    const told = logUnreached(pino({ base: null }, { write: (line: string) => log.push(line) }), () => now);
    const refused = { code: 'ECONNREFUSED', host: 'h', port: 1 };
    for (now = 0; now < 6_000; now += 1_000) told(refused);
    told({ ...refused, code: 'ENOTFOUND' });
    expect(unreachedIn(log).map(({ code, suppressed }) => [code, suppressed])).toEqual([
      ['ECONNREFUSED', undefined],
      ['ECONNREFUSED', 4],
      ['ENOTFOUND', undefined],
    ]);
  });
});
