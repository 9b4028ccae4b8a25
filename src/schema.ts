import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync, type PubSub, type ResolverData } from 'type-graphql';
import { ChatResolver } from './chat/resolver.js';
import { ContextResolver } from './contexts/resolver.js';
import { ModelResolver } from './models/resolver.js';
import type { RequestContext } from './request-context.js';
import { validateInput } from './validation.js';

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
    validateFn: (argument) => validateInput(argument),
    pubSub: NO_PUB_SUB,
  });
  // type-graphql has no class, and so no place for a description, for these.
  for (const [name, description] of Object.entries(ROOTS)) {
    Object.assign(schema.getType(name) ?? {}, { description });
  }
  return schema;
}
