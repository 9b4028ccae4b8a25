import { eventually } from '../support/eventually.js';
import { ServerProcess } from '../support/server-process.js';

const OPERATIONS = 50;

function operationLines({ said }: ServerProcess): number {
  const lines = said.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'operation').length;
}

async function serverWithOperations(count: number): Promise<ServerProcess> {
  const server = await ServerProcess.start({ STORE_URL: 'sqlite::memory:' }, ['test/support/crash.mjs']);
  for (let sent = 0; sent < count; sent++) await server.ask('{ __typename }');
  return server;
}

describe('the log on standard output', () => {
  it('shows a line soon, even if no others follow', async () => {
    await using server = await serverWithOperations(1);
    await eventually(() => operationLines(server) === 1);
  });

  it.each([
    ['the server is told to end', ['SIGTERM']],
    ['the server is told twice, and exits at once', ['SIGTERM', 'SIGINT']],
    ['an error that nobody caught ends it', ['SIGUSR2']],
  ] as const)('has every line if %s', async (_, signals) => {
    await using server = await serverWithOperations(OPERATIONS);
    for (const signal of signals) server.child.kill(signal);
    await server.exitCode();
    expect(operationLines(server)).toBe(OPERATIONS);
  });

  it('does not keep the server from ending once its reader has gone', async () => {
    await using server = await serverWithOperations(0);
    server.child.stdout.destroy();
    await server.ask('{ __typename }');
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
  });
});
