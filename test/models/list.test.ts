import { ModelsDocument } from 'graphql-context-cache-client';
import { TestServer } from '../support/server.js';
import { json, StandIn } from '../support/stand-in.js';

const ALL = '{ models { id ownedBy created supportedEndpointTypes supportsContextCache } }';

describe('models', () => {
  it('lists what the gateway lists, and says which can keep a context', async () => {
    const data = [
      {
        id: 'Doubao-1.5-pro-32k',
        object: 'model',
        created: 1626777600,
        owned_by: 'volcengine',
        supported_endpoint_types: ['openai'],
      },
      { id: 'gpt-4o', object: 'model' },
      { id: 'gemini-2.5-flash', created: 'yesterday', owned_by: 7, supported_endpoint_types: 'openai' },
      { object: 'model' },
      null,
    ];
    await using gateway = await StandIn.start((response) =>
      json(response, 200, { object: 'list', success: true, data }),
    );
    await using server = await TestServer.before(gateway);
    const answer = await server.query<{ models: unknown[] }>(ALL);
    const nothing = { ownedBy: null, created: null, supportedEndpointTypes: [] };
    expect(answer.data.models).toEqual([
      {
        id: 'Doubao-1.5-pro-32k',
        ownedBy: 'volcengine',
        created: '2021-07-20T10:40:00.000Z',
        supportedEndpointTypes: ['openai'],
        supportsContextCache: true,
      },
      { id: 'gpt-4o', ...nothing, supportsContextCache: false },
      { id: 'gemini-2.5-flash', ...nothing, supportsContextCache: true },
    ]);
    expect(gateway.seen).toMatchObject([{ method: 'GET', path: '/v1/models', body: '' }]);
  });

  it('refuses an answer that has no list', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, { data: {} }));
    await using server = await TestServer.before(gateway);
    const { errors } = await server.run(ModelsDocument, {});
    expect(errors[0]?.extensions).toMatchObject({ code: 'GATEWAY_BAD_RESPONSE' });
  });
});
