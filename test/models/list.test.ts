import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('says what each cache can do: by the list, else by the file of models, else by the documents', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'models-'));
    const path = join(folder, 'models.yaml');
    writeFileSync(path, 'currency: CNY\nmodels:\n  doubao-seed-*: { api: responses }\n');
    const features = (prefix: unknown, session: unknown) => ({
      features: { cache: { prefix_cache: prefix, session_cache: session } },
    });
    const data = [
      { id: 'Doubao-1.5-pro-32k' },
      { id: 'gemini-2.5-pro' },
      { id: 'doubao-seed-1' },
      { id: 'doubao-seed-2', ...features(true, false) },
      { id: 'doubao-seed-3', ...features(false, false) },
      { id: 'other', ...features({ enabled: true }, { enabled: true }) },
      { id: 'unknown' },
      { id: 'doubao-pro-32k', status: 'Shutdown' },
      { id: 'Doubao-1.5-lite-32k', status: 'Retiring' },
    ];
    await using gateway = await StandIn.start((response) => json(response, 200, { data }));
    await using server = await TestServer.before(gateway, { MODELS: path });
    const { data: answered } = await server.query<{ models: { id: string; cache: object | null }[] }>(
      '{ models { id supportsContextCache cache { modes expiry minTtl maxTtl minPromptTokens deletable } } }',
    );
    const both = ['SESSION', 'COMMON_PREFIX'];
    const context = { ...{ expiry: 'SLIDING', minTtl: 3_600, maxTtl: 604_800 }, deletable: false };
    const responses = { ...{ expiry: 'FIXED', minTtl: null, maxTtl: 604_800 }, deletable: true };
    const gemini = { ...{ expiry: 'SLIDING', minTtl: null, maxTtl: null }, deletable: false };
    const model = (id: string, cache: object | null) => ({ id, supportsContextCache: cache !== null, cache });
    expect(answered.models).toEqual([
      model('Doubao-1.5-pro-32k', { modes: both, ...context, minPromptTokens: null }),
      model('gemini-2.5-pro', { modes: ['COMMON_PREFIX'], ...gemini, minPromptTokens: 4_096 }),
      model('doubao-seed-1', { modes: both, ...responses, minPromptTokens: 256 }),
      model('doubao-seed-2', { modes: ['COMMON_PREFIX'], ...responses, minPromptTokens: 256 }),
      model('doubao-seed-3', null),
      model('other', { modes: both, ...context, minPromptTokens: null }),
      model('unknown', null),
      model('Doubao-1.5-lite-32k', { modes: both, ...context, minPromptTokens: null }),
    ]);
    rmSync(folder, { recursive: true });
  });

  it('asks the gateway once for an operation, however many aliases it has', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, { data: [{ id: 'm' }] }));
    await using server = await TestServer.before(gateway);
    const { data } = await server.query('{ a: models { id } b: models { id } c: models { id } }');
    expect(data).toEqual({ a: [{ id: 'm' }], b: [{ id: 'm' }], c: [{ id: 'm' }] });
    await server.query('{ models { id } }');
    expect(gateway.seen).toHaveLength(2);
  });

  it('refuses an answer that has no list', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, { data: {} }));
    await using server = await TestServer.before(gateway);
    const { errors } = await server.run(ModelsDocument, {});
    expect(errors[0]?.extensions).toMatchObject({ code: 'GATEWAY_BAD_RESPONSE' });
  });
});
