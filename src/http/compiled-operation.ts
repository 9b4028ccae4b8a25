import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import type { AppError } from '../errors.js';
import type { RequestContext } from '../request-context.js';
import { type OpenSource, sourceOf } from './event-source.js';
import { type Variables, VariablesReader } from './variables.js';

type Run = (
  root: unknown,
  context: RequestContext,
  variables: Variables,
) => Promise<ExecutionResult> | ExecutionResult;

/** An operation that is run so many times is compiled: one that is asked once costs less as it is. */
const COMPILED_FROM_RUN = 2;

/** Compiles operations of one schema: what an operation selects is made out once, and not at each call. */
export class Compiler {
  private readonly schema: GraphQLSchema;
  private jit: typeof import('graphql-jit') | undefined;

  constructor(
    private readonly original: GraphQLSchema,
    private readonly fromRun = COMPILED_FROM_RUN,
  ) {
    this.schema = withCoercedVariables(original);
  }

  /** graphql-jit is a hundred files, which a first answer does not wait for; until they are there, nothing is compiled. */
  async load(): Promise<void> {
    this.jit ??= await import('graphql-jit');
  }

  compile(document: DocumentNode, operation: OperationDefinitionNode): CompiledOperation {
    const run = isCompilable(document, operation)
      ? this.compiledInTime(passingVariables(document), operation.name?.value)
      : interpreted(this.original, document, operation.name?.value);
    return new CompiledOperation(operation, this.original, run, sourceOf(this.original, document, operation));
  }

  private compiledInTime(document: DocumentNode, operationName: string | undefined): Run {
    const first = interpreted(this.schema, document, operationName);
    let runs = 0;
    let compiled: Run | undefined;
    return (root, context, variables) => {
      runs += 1;
      if (runs >= this.fromRun) compiled ??= this.compiled(document, operationName, first);
      return (compiled ?? first)(root, context, variables);
    };
  }

  /** undefined: not yet. */
  private compiled(document: DocumentNode, operationName: string | undefined, otherwise: Run) {
    if (!this.jit) {
      // Should it fail, the next run tries again.
      this.load().catch(() => undefined);
      return undefined;
    }
    const compiled = this.jit.compileQuery(this.schema, document, operationName);
    return this.jit.isCompiledQuery(compiled) ? compiled.query : otherwise;
  }
}

function interpreted(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): Run {
  return (rootValue, contextValue, variableValues) =>
    execute({ schema, document, operationName, rootValue, contextValue, variableValues });
}

/** One operation of a document that may run, ready to be run again and again. */
export class CompiledOperation {
  readonly kind: string;
  readonly name: string | undefined;
  /** The fields of the root that it names, each once; `fragment` stands for those that a fragment names. */
  readonly fields: string[];
  private readonly variables: VariablesReader;

  constructor(
    definition: OperationDefinitionNode,
    schema: GraphQLSchema,
    /** For a subscription: makes an event that its source gave into a result. */
    readonly run: Run,
    readonly source: OpenSource,
  ) {
    this.variables = new VariablesReader(schema, definition);
    const { name, operation, selectionSet } = definition;
    this.kind = operation;
    this.name = name?.value;
    const names = selectionSet.selections.map((one) =>
      one.kind === Kind.FIELD ? one.name.value : 'fragment',
    );
    this.fields = [...new Set(names)];
  }

  /** The variables as their types read them, or why they do not fit. */
  read(sent: Variables): Variables | AppError {
    return this.variables.read(sent);
  }
}

/**
 * graphql-jit does not check a variable's value where it stands within a list or an object (a subscription's arguments are
 * its source's), and takes `__proto__` for more than a name.
 */
function isCompilable(document: DocumentNode, { operation }: OperationDefinitionNode): boolean {
  const readsArguments = operation !== OperationTypeNode.SUBSCRIPTION;
  let isFit = true;
  let depth = 0;
  const literal = { enter: () => void depth++, leave: () => void depth-- };
  visit(document, {
    ListValue: literal,
    ObjectValue: literal,
    Variable: () => {
      isFit &&= depth === 0 || !readsArguments;
    },
    Name: ({ value }) => {
      isFit &&= value !== '__proto__';
    },
  });
  return isFit;
}

/** Takes any value as it is. */
const COERCED = new GraphQLScalarType({ name: 'CoercedVariable__' });

/**
 * graphql-jit does not know the defaults of required input fields, so that the variables are read before either way. Those that
 * only a subscription's source reads are left out, as it would look at them for each event.
 */
function passingVariables(document: DocumentNode): DocumentNode {
  const type = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: COERCED.name } } as const;
  const withoutSources = visit(document, { OperationDefinition: withoutSource });
  const read = new Set<string>();
  visit(withoutSources, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void read.add(name.value),
  });
  return visit(withoutSources, {
    VariableDefinition: ({ kind, variable }) =>
      read.has(variable.name.value) ? { kind, variable, type } : null,
  });
}

/** A subscription's arguments are its source's. */
function withoutSource(operation: OperationDefinitionNode) {
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return undefined;
  const selections = operation.selectionSet.selections.map((selection) =>
    selection.kind === Kind.FIELD ? { ...selection, arguments: [] } : selection,
  );
  return { ...operation, selectionSet: { ...operation.selectionSet, selections } };
}

/** The schema with a type for variables that are read already, and with subscriptions that pass their events on. */
function withCoercedVariables(schema: GraphQLSchema): GraphQLSchema {
  const { subscription, types, ...config } = schema.toConfig();
  const fields = Object.values(subscription?.getFields() ?? {}).map(({ name, type }) => [
    name,
    { type, resolve: (event: unknown) => event },
  ]);
  return new GraphQLSchema({
    ...config,
    types: [...types.filter((type) => type !== subscription), COERCED],
    subscription: subscription
      ? new GraphQLObjectType({ name: subscription.name, fields: Object.fromEntries(fields) })
      : null,
    assumeValid: true,
  });
}
