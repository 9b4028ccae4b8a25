import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '../../support/eventually.js';
import { TestServer } from '../../support/server.js';
import { json, StandIn } from '../../support/stand-in.js';

const BODY = JSON.stringify({ query: '{ models { id } }' });
const REQUEST = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

async function pipeline(server: TestServer, requests: number) {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  let said = '';
  socket
    .on('error', () => undefined)
    .on('data', (bytes) => {
      said += bytes;
    });
  socket.write(REQUEST.repeat(requests));
  return { socket, answers: () => said.split('HTTP/1.1 200 ').length - 1 };
}

describe('requests that are sent without waiting for the answers before', () => {
  it('are answered in order, while they are few', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, { data: [] }));
    await using server = await TestServer.before(gateway);
    const { socket, answers } = await pipeline(server, 8);
    await eventually(() => answers() === 8);
    // The count starts anew once they are answered.
    socket.write(REQUEST.repeat(8));
    await eventually(() => answers() === 16);
    socket.destroy();
  });

  it('end their connection where they are many', async () => {
    await using gateway = await StandIn.start(() => undefined);
    await using server = await TestServer.before(gateway, { GATEWAY_HEADERS_TIMEOUT_MS: '100' });
    const { socket } = await pipeline(server, 2_000);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(gateway.seen.length).toBeLessThanOrEqual(8);
    expect(await server.query('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } });
  });
});
