import {
  type ExecutableDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  isExecutableDefinitionNode,
  isObjectType,
  OperationTypeNode,
  type ValidationRule,
} from 'graphql';
import { type Cost, DocumentCost, type PageSizes } from './document-cost.js';

/** The largest introspection query is 15 deep. */
export const MAX_DEPTH = 20;
export const MAX_ALIASES = 15;
export const MAX_DIRECTIVES = 50;
/** Fields of the same name in one selection set; graphql-js compares them pair by pair. */
export const MAX_REPEATS = 10;
/** A page of 100 contexts with all their fields has about 3400. */
export const MAX_FIELDS = 5_000;
/** Entries of one list in the variables; a list in the document is bounded by the document's tokens. */
export const MAX_LIST = 2_000;

/**
 * Refuses documents that ask for too much. It takes time in proportion to the document's length, so it runs before the rules of
 * graphql-js, some of which take quadratic time.
 */
export function queryLimits(schema: GraphQLSchema): ValidationRule {
  const pageSizes = pageSizesOf(schema);
  return (context) => ({
    Document(document) {
      const costs = new DocumentCost(document, schema, pageSizes, MAX_FIELDS);
      for (const definition of document.definitions) {
        if (!isExecutableDefinitionNode(definition)) continue;
        const message = excess(costs.of(definition), definition);
        if (message) context.reportError(new GraphQLError(message, { nodes: definition }));
      }
      return false;
    },
  });
}

function excess(cost: Cost, definition: ExecutableDefinitionNode): string | undefined {
  if (cost.depth > MAX_DEPTH) return `Fields may be nested ${MAX_DEPTH} deep at most.`;
  if (cost.aliases > MAX_ALIASES) return `An operation may use ${MAX_ALIASES} aliases at most.`;
  if (cost.directives > MAX_DIRECTIVES) return `An operation may use ${MAX_DIRECTIVES} directives at most.`;
  if (cost.repeats > MAX_REPEATS)
    return `A field may be asked for ${MAX_REPEATS} times side by side at most.`;
  if (cost.fields > MAX_FIELDS) {
    return `An operation may ask for ${MAX_FIELDS} fields at most, those of a page counted for each of its entries. Ask for smaller pages or fewer fields.`;
  }
  if (isMutation(definition) && cost.paidCalls > 1) {
    return 'An operation may hold one `createContext` or `chat` at most, skipped ones included. Send one operation for each.';
  }
  return undefined;
}

function isMutation(definition: ExecutableDefinitionNode): boolean {
  return 'operation' in definition && definition.operation === OperationTypeNode.MUTATION;
}

/** Lists without `first` say in their extensions how many items they have at most. */
function pageSizesOf(schema: GraphQLSchema): PageSizes {
  const sizes = new Map<string, number>();
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    for (const { name, args, extensions } of Object.values(type.getFields())) {
      const first = args.find((arg) => arg.name === 'first');
      const size = first?.defaultValue ?? extensions.maxItems;
      if (size !== undefined) sizes.set(name, Number(size));
    }
  }
  return sizes;
}
