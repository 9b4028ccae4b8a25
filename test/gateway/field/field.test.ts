import { TestServer } from '../../support/server.js';
import type { FieldCase } from './field-case.js';
import { LOST } from './lost.js';
import { NUMBERS } from './numbers.js';
import { REFUSALS } from './refusals.js';
import { scriptedGateway } from './scripted-gateway.js';
import { STREAMS } from './streams.js';

/** What public reports tell of gateways and their clients, through GraphQL. */
const KINDS: [string, FieldCase[]][] = [
  ['contexts that are lost, and those that are not', LOST],
  ['refusals', REFUSALS],
  ['content and streams', STREAMS],
  ['numbers', NUMBERS],
];

describe.each(KINDS)('reports from the field: %s', (_, cases) => {
  it.each(cases.map((one) => [one.situation, one] as const))('%s', async (_situation, one) => {
    await using gateway = await scriptedGateway(one.gateway);
    await using server = await TestServer.before(gateway);
    const answers: object[] = [];
    let contextId = '';
    for (const ask of one.asked) {
      const answer = await ask(server, contextId);
      if ('id' in answer) contextId = String(answer.id);
      answers.push(answer);
    }
    expect(answers).toMatchObject(one.right);
    if (one.requests !== undefined) expect(gateway.seen).toHaveLength(one.requests);
  });
});
