import { extendSchema, type GraphQLSchema, GraphQLUnionType, parse, printSchema } from 'graphql';
import { ContextResolver } from '../contexts/resolver.js';
import type { ContextCache } from '../contexts/types.js';
import { AppError, badUserInput, ErrorCode } from '../errors.js';
import type { RequestContext } from '../request-context.js';

/** As many as a page of `contexts` holds. */
const MAX_ENTITIES = 100;

/** 2.4 is the first version that knows subscriptions. */
const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.4", import: ["@key", "@shareable"])';

/** Relay's PageInfo is in many subgraphs, under this name in each. */
const DIRECTIVES = { ContextCache: '@key(fields: "id")', PageInfo: '@shareable' };

/** What a router asks a subgraph by; it is not part of the SDL. */
const SUBGRAPH_TYPES = parse(`
  "An entity's typename and the fields of its key, as another subgraph knows them."
  scalar _Any

  "The types that other subgraphs can refer to."
  union _Entity = ContextCache

  "Holds the SDL."
  type _Service {
    "The schema with the directives of Federation. FORBIDDEN while INTROSPECTION is off."
    sdl: String!
  }

  extend type Query {
    "The SDL of this subgraph."
    _service: _Service!
    "Your contexts by their ids, ${MAX_ENTITIES} at most; CONTEXT_NOT_FOUND at the place of each that is unknown, has expired or is another caller's. The gateway is not asked."
    _entities("Contexts as other subgraphs know them: \`{ __typename: \\"ContextCache\\", id }\`." representations: [_Any!]!): [_Entity]!
  }
`);

/** The schema in the language of Federation 2, which says what other subgraphs can refer to. */
export function subgraphSdl(schema: GraphQLSchema): string {
  let sdl = `${LINK}\n\n${printSchema(schema)}`;
  for (const [type, directive] of Object.entries(DIRECTIVES)) {
    sdl = sdl.replace(`\ntype ${type} {`, `\ntype ${type} ${directive} {`);
  }
  return sdl;
}

/** The same schema for a router: `_service` and `_entities` are added. `isOpen`: whether the SDL may be read. */
export function toSubgraph(schema: GraphQLSchema, isOpen: boolean): GraphQLSchema {
  const sdl = subgraphSdl(schema);
  const subgraph = extendSchema(schema, SUBGRAPH_TYPES);
  const fields = subgraph.getQueryType()?.getFields() ?? {};
  Object.assign(fields._service ?? {}, { resolve: () => (isOpen ? { sdl } : refuseSdl()) });
  Object.assign(fields._entities ?? {}, { resolve: findEntities, extensions: { maxItems: MAX_ENTITIES } });
  const entity = subgraph.getType('_Entity') as GraphQLUnionType;
  entity.resolveType = () => 'ContextCache';
  return subgraph;
}

function refuseSdl(): never {
  const message = 'INTROSPECTION is off. Compose what `graphql-context-cache --print-schema` prints.';
  throw new AppError(ErrorCode.FORBIDDEN, message);
}

/** An entity that cannot be found yields its error and does not fail the others. */
function findEntities(
  _: unknown,
  { representations }: { representations: unknown[] },
  context: RequestContext,
): Promise<(ContextCache | Error)[]> {
  if (representations.length > MAX_ENTITIES) {
    throw badUserInput(`At most ${MAX_ENTITIES} representations may be sent at once. Ask for smaller pages.`);
  }
  return Promise.all(representations.map((one) => findEntity(one, context).catch((error: Error) => error)));
}

async function findEntity(representation: unknown, context: RequestContext): Promise<ContextCache> {
  const { __typename, id } = Object(representation);
  if (__typename !== 'ContextCache' || typeof id !== 'string') {
    throw badUserInput('A representation must be `{ __typename: "ContextCache", id }`.');
  }
  return context.container.get(ContextResolver).context(id, context);
}
