import { type GraphQLSchema, isIntrospectionType, isObjectType } from 'graphql';
import { buildSchemaSync, type PubSub, type ResolverData } from 'type-graphql';
import { ChatResolver } from '../chat/resolver.js';
import { RunResolver } from '../chat/runs/resolver.js';
import { type ChatEvent, typeOfEvent } from '../chat/types.js';
import { ContextResolver } from '../contexts/resolver.js';
import { validateInput } from '../input/validation.js';
import { ModelResolver } from '../models/resolver.js';
import { PricingResolver } from '../pricing/resolver.js';
import { PromptResolver } from '../prompts/resolver.js';
import type { RequestContext } from '../request-context.js';

const ROOTS = {
  Query: 'Read operations.',
  Mutation: 'Operations with side effects.',
  Subscription: 'Streams.',
};

/** type-graphql requires one even if no subscription uses topics. */
const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('no subscription uses topics');
  },
};

/** The public schema, made from the type-graphql classes. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [ContextResolver, ChatResolver, RunResolver, PromptResolver, ModelResolver, PricingResolver],
    container: ({ context }: ResolverData<RequestContext>) => context.container,
    validateFn: (argument) => validateInput(argument),
    pubSub: NO_PUB_SUB,
    // A test checks the schema; at each start the check would cost a tenth of the start.
    skipCheck: true,
  });
  // The root types have no class that could carry a description.
  for (const [name, description] of Object.entries(ROOTS)) {
    Object.assign(schema.getType(name) ?? {}, { description });
  }
  readFieldsDirectly(schema);
  resolveEventsAtOnce(schema);
  return schema;
}

/** graphql-js reads the fields of plain objects by itself; type-graphql's resolvers of them take a twentieth of a createContext. */
function readFieldsDirectly(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || type.name in ROOTS) continue;
    for (const field of Object.values(type.getFields())) delete field.resolve;
  }
}

/**
 * An event of a subscription is its own result. type-graphql would convert and validate the arguments again for each event, and
 * return a promise of the event's type; together that takes a third more than an event costs otherwise.
 */
function resolveEventsAtOnce(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    field.resolve = (event: ChatEvent) => event;
  }
  Object.assign(schema.getType('ChatStreamEvent') ?? {}, { resolveType: typeOfEvent });
}
