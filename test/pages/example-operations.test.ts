import { readExampleOperations } from '../../src/pages/example-operations.js';
import { TestServer } from '../support/server.js';

/** Runs one as its tab in the playground would: a subscription as a stream, anything else as JSON. */
async function run(server: TestServer, query: string, variables: object): Promise<string> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: query.includes('subscription ') ? 'text/event-stream' : 'application/json',
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.text();
}

describe('the example operations', () => {
  it('all run on the sandbox, one after the other, without an error', async () => {
    await using server = await TestServer.start();
    let contextId = '';
    let runId = '';
    for (const { name, query, variables } of readExampleOperations()) {
      const pasted = variables
        .replace(/paste the id [^"]*/, contextId)
        .replace(/paste the runId [^"]*/, runId);
      const given = JSON.parse(pasted);
      if (name === '3-chat-stream') given.input.onDisconnect = 'CONTINUE';
      const answer = await run(server, query, given);
      expect({ name, answer }).toEqual({ name, answer: expect.not.stringContaining('"errors"') });
      contextId ||= /"id":"(ctx-[^"]+)"/.exec(answer)?.[1] ?? '';
      runId ||= /"runId":"([^"]+)"/.exec(answer)?.[1] ?? '';
    }
    expect(contextId).not.toBe('');
    expect(runId).not.toBe('');
  });

  it('begin with the creation of a context', () => {
    expect(readExampleOperations()[0]?.name).toBe('1-create-context');
  });
});
