import { type GraphQLSchema, isIntrospectionType, isObjectType } from 'graphql';
import { buildSchemaSync, type PubSub, type ResolverData } from 'type-graphql';
import { ChatResolver } from '../chat/resolver.js';
import { typeOfEvent } from '../chat/types.js';
import { ContextResolver } from '../contexts/resolver.js';
import { ModelResolver } from '../models/resolver.js';
import type { RequestContext } from '../request-context.js';
import { callResolversDirectly } from './resolver-calls.js';

const ROOTS = {
  Query: 'What can be read.',
  Mutation: 'What creates, asks and changes.',
  Subscription: 'What streams.',
};

/** type-graphql wants one even where no subscription uses it. */
const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('no subscription uses topics');
  },
};

/** The public schema, made from the type-graphql classes. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [ContextResolver, ChatResolver, ModelResolver],
    container: ({ context }: ResolverData<RequestContext>) => context.container,
    // Checked where the resolvers are called.
    validate: false,
    pubSub: NO_PUB_SUB,
  });
  // type-graphql has no class, and so no place for a description, for these.
  for (const [name, description] of Object.entries(ROOTS)) {
    Object.assign(schema.getType(name) ?? {}, { description });
  }
  callResolversDirectly(schema);
  return withoutWrappers(schema);
}

/**
 * What is plain data is read as such: type-graphql's functions around each field cost more than all else that an answer
 * takes to be written, and its promise of an event's type a turn of the event loop for each event.
 */
function withoutWrappers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || type.name in ROOTS) continue;
    for (const field of Object.values(type.getFields())) delete field.resolve;
  }
  Object.assign(schema.getType('ChatStreamEvent') ?? {}, { resolveType: typeOfEvent });
  return schema;
}
