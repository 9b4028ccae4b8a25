import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  locatedError,
  type OperationDefinitionNode,
} from 'graphql';
import type { RequestContext } from '../request-context.js';
import type { Variables } from './variables.js';

/** Opens the series of events of a subscription; gives a result in its place where there is none. */
export type OpenSource = (
  context: RequestContext,
  variables: Variables,
) => Promise<AsyncIterable<unknown> | ExecutionResult>;

/** No source here asks where in the operation it is. */
const NO_INFO = undefined as unknown as GraphQLResolveInfo;

/**
 * The root field of a subscription is looked up once. graphql-js does so at each call and reads the variables a second
 * time, for a fiftieth of what a stream costs; only fields with directives or in a fragment are left to it.
 */
export function sourceOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  { name, selectionSet }: OperationDefinitionNode,
): OpenSource {
  const [node, ...others] = selectionSet.selections;
  const isPlain = node?.kind === Kind.FIELD && node.directives?.length === 0 && others.length === 0;
  const subscribe = isPlain ? subscriberOf(schema, node) : undefined;
  if (subscribe) return subscribe;
  return (contextValue, variableValues) => {
    const operationName = name?.value;
    return createSourceEventStream({ schema, document, operationName, contextValue, variableValues });
  };
}

function subscriberOf(schema: GraphQLSchema, node: FieldNode): OpenSource | undefined {
  const field = schema.getSubscriptionType()?.getFields()[node.name.value];
  const { subscribe } = field ?? {};
  if (!field || !subscribe) return undefined;
  return async (context, variables) => {
    try {
      const args = getArgumentValues(field, node, variables);
      return (await subscribe(undefined, args, context, NO_INFO)) as AsyncIterable<unknown>;
    } catch (error) {
      return { errors: [locatedError(error, [node], [(node.alias ?? node.name).value])] };
    }
  };
}
