import { composeServices, compositionHasErrors, sortSDL } from '@theguild/federation-composition';
import { buildSchema, isObjectType, parse, print, printSchema } from 'graphql';
import { createSchema } from '../src/schema/build.js';
import { subgraphSdl } from '../src/schema/federation.js';
import { finished, start, startsPrograms } from './support/built-program.js';
import { beginStream, STREAM } from './support/chat-answers.js';
import { hold, serverHolding } from './support/holding.js';
import { TestServer } from './support/server.js';
import { StandIn } from './support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from './support/streams.js';
import { bearer, JWT } from './support/tokens.js';

startsPrograms();

const ON = { FEDERATION: 'on' };
const [ALICE, MALLORY] = [bearer('alice'), bearer('mallory')];
const SDL = '{ _service { sdl } }';

/** What a router sends for the fields of a context that another subgraph has referred to. */
const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { __typename ... on ContextCache { id model createdAt } }
}`;
const refer = (...ids: unknown[]) => ({
  representations: ids.map((id) => ({ __typename: 'ContextCache', id })),
});
const found = (id: string) => ({
  __typename: 'ContextCache',
  id,
  model: QUESTION.model,
  createdAt: expect.any(String),
});

interface Entities {
  _entities: (object | null)[] | null;
}

const NOTES = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@shareable"])
  type Query { notes: NoteConnection! }
  type NoteConnection { nodes: [Note!]! pageInfo: PageInfo! }
  type Note @key(fields: "id") { id: ID! about: ContextCache }
  extend type ContextCache @key(fields: "id") { id: ID! @external note: String }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  scalar DateTimeISO
  scalar SafeInt
  enum ErrorCode { BAD_USER_INPUT NOTE_NOT_FOUND }
  type NoteFailure { code: ErrorCode! at: DateTimeISO size: SafeInt }
`;

/** The order of types hangs on the order of imports. */
const sorted = (sdl: string) => print(sortSDL(parse(sdl)));

const compose = (contexts: string) =>
  composeServices([
    { name: 'contexts', url: 'http://contexts/graphql', typeDefs: parse(contexts) },
    { name: 'notes', url: 'http://notes/graphql', typeDefs: parse(NOTES) },
  ]);

describe('the subgraph', () => {
  it('composes with another that adds a field to a context and shares its common types', () => {
    const result = compose(subgraphSdl(createSchema()));
    expect(compositionHasErrors(result) ? result.errors.map(String) : []).toEqual([]);
    const supergraph = buildSchema(result.supergraphSdl ?? '', { assumeValidSDL: true });
    const context = supergraph.getType('ContextCache');
    if (!isObjectType(context)) throw new Error('there is no ContextCache');
    expect(Object.keys(context.getFields())).toEqual(
      expect.arrayContaining(['id', 'totals', 'expiresAt', 'note']),
    );
    expect(context.getFields().totals?.description).toBe('Totals of your own chats with it.');
    expect(supergraph.getSubscriptionType()?.getFields()).toHaveProperty('chatStream');
  });

  it.each([
    ['@shareable', 'PageInfo.hasNextPage'],
    ['@key(fields: "id")', 'ContextCache'],
  ])('would not compose without %s', (directive, place) => {
    const result = compose(subgraphSdl(createSchema()).replace(` ${directive}`, ''));
    expect(compositionHasErrors(result) ? result.errors.join() : '').toContain(place);
  });

  it('is printed by the command with the descriptions of the schema, as the server gives it', async () => {
    await using server = await TestServer.start(ON);
    const { data } = await server.query<{ _service: { sdl: string } }>(SDL);
    const printed = await finished(start('dist/main.js', ['--print-schema'], ON));
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toContain('type ContextCache @key(fields: "id") {');
    expect(sorted(data._service.sdl)).toBe(sorted(printed.stdout));
    const bare = printed.stdout.replace(/^extend schema .*/, '').replaceAll(/ @(key\(.*?\)|shareable)/g, '');
    expect(sorted(bare)).toBe(sorted(printSchema(createSchema())));
  });

  it('keeps its SDL to itself while introspection is off, and still answers for its entities', async () => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway, { env: { ...ON, INTROSPECTION: 'off' } });
    const { errors } = await server.query(SDL);
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(errors[0]?.message).toContain('--print-schema');
    const { data } = await server.query<Entities>(ENTITIES, refer('ctx-1'));
    expect(data._entities).toEqual([found('ctx-1')]);
  });

  it('is none unless it is asked for', async () => {
    await using server = await TestServer.start();
    const { errors } = await server.query(SDL);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});

describe('a context that another subgraph refers to', () => {
  it.each([
    ['jwt', JWT, ALICE, MALLORY],
    [
      'passthrough',
      { AUTH_MODE: 'passthrough' },
      { authorization: 'Bearer sk-alice' },
      { authorization: 'Bearer sk-mallory' },
    ],
  ])('is its own caller’s alone with AUTH_MODE=%s, and costs no call', async (_, auth, owner, other) => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway, { ...ON, ...auth });
    await hold(server, gateway, { ids: ['ctx-1', 'ctx-2'] }, owner);

    const own = await server.query<Entities>(ENTITIES, refer('ctx-2', 'ctx-unknown', 'ctx-1'), owner);
    expect(own.data._entities).toEqual([found('ctx-2'), null, found('ctx-1')]);
    expect(own.errors).toMatchObject([{ path: ['_entities', 1], extensions: { code: 'CONTEXT_NOT_FOUND' } }]);

    const foreign = await server.query<Entities>(ENTITIES, refer('ctx-1', 'ctx-unknown'), other);
    expect(foreign.data._entities).toEqual([null, null]);
    const [refused, unknown] = foreign.errors;
    expect(refused).toMatchObject({ path: ['_entities', 0], extensions: { code: 'CONTEXT_NOT_FOUND' } });
    expect(refused?.message).toBe(unknown?.message);

    const nobody = await server.query<Entities>(ENTITIES, refer('ctx-1'));
    expect(nobody.data._entities).toEqual([null]);
    expect(nobody.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(gateway.seen).toEqual([]);
  });

  it('is not found once it has expired', async () => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway, { env: ON });
    const at = server.clock();
    server.clock = () => at + 3_600_001;
    const { data, errors } = await server.query<Entities>(ENTITIES, refer('ctx-1'));
    expect(data._entities).toEqual([null]);
    expect(errors).toMatchObject([{ extensions: { code: 'CONTEXT_NOT_FOUND' } }]);
  });

  it.each([
    ['of another type', { __typename: 'Note', id: 'ctx-1' }],
    ['without an id', { __typename: 'ContextCache' }],
    ['with an id that is none', { __typename: 'ContextCache', id: { toString: 'ctx-1' } }],
    ['that is no object', 'ctx-secret'],
  ])('is refused %s, without being repeated, and the others are answered', async (_, representation) => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway, { env: ON });
    const representations = [representation, ...refer('ctx-1').representations];
    const { data, errors } = await server.query<Entities>(ENTITIES, { representations });
    expect(data._entities).toEqual([null, found('ctx-1')]);
    expect(errors).toMatchObject([{ path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(JSON.stringify(errors)).not.toContain('ctx-secret');
  });

  it('counts once for each that a list may hold, as the contexts of a page do', async () => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway, { env: ON });
    const lists = Array.from(
      { length: 15 },
      (_one, place) => `a${place}: _entities(representations: $r) { ...C }`,
    );
    const query = `query ($r: [_Any!]!) { ${lists.join(' ')} }
      fragment C on ContextCache { id model mode ttl createdAt }`;
    const { data, errors } = await server.query(query, { r: refer('ctx-1').representations });
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ message: expect.stringMatching(/5000 fields/) }]);
  });

  it('comes in lists of 100 at most', async () => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway, { env: ON });
    const most = await server.query<Entities>(ENTITIES, refer(...Array(100).fill('ctx-1')));
    expect(most.data._entities).toEqual(Array(100).fill(found('ctx-1')));
    for (const count of [101, 10_000]) {
      const more = await server.query<Entities>(ENTITIES, refer(...Array(count).fill('ctx-1')));
      expect(more.data ?? null).toEqual(null);
      expect(more.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    }
  });
});

describe.each(TRANSPORTS)('chatStream of the subgraph over %s', (_, connect) => {
  it('streams as it does without a router', async () => {
    await using gateway = await StandIn.start((response) => void beginStream(response).end(STREAM));
    await using server = await serverHolding(gateway, { env: ON });
    const client = connect(server);
    const { events, text } = await collect(client.open());
    client.close();
    expect(text).toBe('Hi 您好😀');
    expect(events.at(-1)?.__typename).toBe('ChatDone');
  });
});
