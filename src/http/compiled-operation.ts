import {
  type ArgumentNode,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  print,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { AppError } from '../errors.js';
import type { RequestContext } from '../request-context.js';
import { type Variables, VariablesReader } from './variables.js';

type Run = (
  root: unknown,
  context: RequestContext,
  variables: Variables,
) => Promise<ExecutionResult> | ExecutionResult;

/** Compiling costs more than a single run, so an operation is compiled at its second one. */
const COMPILED_FROM_RUN = 2;

/** Makes operations ready to run: on graphql-js, or compiled by graphql-jit where both provably give the same result. */
export class Compiler {
  private jit: typeof import('graphql-jit') | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fromRun = COMPILED_FROM_RUN,
  ) {}

  /** Loads graphql-jit, a hundred files, in the background; until it is there nothing is compiled. */
  async load(): Promise<void> {
    this.jit ??= await import('graphql-jit');
  }

  compile(document: DocumentNode, operation: OperationDefinitionNode): CompiledOperation {
    const run = interpreted(this.schema, document, operation.name?.value);
    const isCompiled = isCompilable(this.schema, operation);
    return new CompiledOperation(
      this.schema,
      operation,
      isCompiled ? this.compiledLater(operation, run) : run,
    );
  }

  private compiledLater(operation: OperationDefinitionNode, interpret: Run): Run {
    let runs = 0;
    let compiled: Run | undefined;
    return (root, context, variables) => {
      runs += 1;
      if (runs >= this.fromRun) compiled ??= this.compiled(operation, interpret);
      return (compiled ?? interpret)(root, context, variables);
    };
  }

  /** undefined: graphql-jit is not loaded yet. */
  private compiled(operation: OperationDefinitionNode, interpret: Run): Run | undefined {
    if (!this.jit) {
      // If loading fails, the next run tries again.
      this.load().catch(() => undefined);
      return undefined;
    }
    const compiled = this.jit.compileQuery(this.schema, { kind: Kind.DOCUMENT, definitions: [operation] });
    return this.jit.isCompiledQuery(compiled) ? compiled.query : interpret;
  }
}

function interpreted(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): Run {
  return (rootValue, contextValue, variableValues) =>
    execute({ schema, document, operationName, rootValue, contextValue, variableValues });
}

/** One operation of a valid document, ready to be run again and again. */
export class CompiledOperation {
  readonly kind: OperationTypeNode;
  readonly name: string | undefined;
  /** The distinct names of the root fields; `fragment` stands for those that a fragment selects. */
  readonly fields: string[];
  private readonly variables: VariablesReader;

  constructor(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    /** For a subscription: maps one event of its source to a result. */
    readonly run: Run,
  ) {
    this.variables = new VariablesReader(schema, definition);
    const { name, operation, selectionSet } = definition;
    this.kind = operation;
    this.name = name?.value;
    const names = selectionSet.selections.map((selection) =>
      selection.kind === Kind.FIELD ? selection.name.value : 'fragment',
    );
    this.fields = [...new Set(names)];
  }

  /** The variables as their types read them, or why they do not fit. */
  read(sent: Variables): Variables | AppError {
    return this.variables.read(sent);
  }
}

/**
 * Where graphql-jit and graphql-js differ, they differ over directives, fragments, repeated fields, a second root field,
 * variables within literals and variables that are not of their argument's type. An operation with none of these is what
 * frontends send all day.
 */
function isCompilable(schema: GraphQLSchema, operation: OperationDefinitionNode): boolean {
  const { selections } = operation.selectionSet;
  const [root] = selections;
  if (operation.operation === OperationTypeNode.SUBSCRIPTION || selections.length !== 1) return false;
  if (root?.kind !== Kind.FIELD || root.name.value.startsWith('__')) return false;
  const field = schema.getRootType(operation.operation)?.getFields()[root.name.value];
  return (
    field !== undefined &&
    hasPlainSelections(operation) &&
    hasPlainVariables(operation) &&
    (root.arguments ?? []).every((argument) => isPlainArgument(argument, field, operation)) &&
    hasNoArgumentsBelow(root.selectionSet)
  );
}

/** Whether the operation selects fields only, each once, without a directive. `__proto__` is more than a name to graphql-jit. */
function hasPlainSelections(operation: OperationDefinitionNode): boolean {
  let isPlain = true;
  const refuse = () => {
    isPlain = false;
  };
  visit(operation, {
    Directive: refuse,
    FragmentSpread: refuse,
    InlineFragment: refuse,
    Name: ({ value }) => {
      isPlain &&= value !== '__proto__';
    },
    SelectionSet: ({ selections }) => {
      const keys = selections.map((one) => (one.kind === Kind.FIELD ? (one.alias ?? one.name).value : ''));
      isPlain &&= new Set(keys).size === keys.length;
    },
  });
  return isPlain;
}

function hasPlainVariables({ variableDefinitions = [] }: OperationDefinitionNode): boolean {
  return variableDefinitions.every(({ defaultValue }) => defaultValue === undefined);
}

/** Whether the argument is a constant, or a whole variable of exactly its type. */
function isPlainArgument(
  { name, value }: ArgumentNode,
  field: GraphQLField<unknown, unknown>,
  { variableDefinitions = [] }: OperationDefinitionNode,
): boolean {
  if (value.kind !== Kind.VARIABLE) return isConstant(value);
  const definition = variableDefinitions.find(({ variable }) => variable.name.value === value.name.value);
  const argument = field.args.find((one) => one.name === name.value);
  return definition !== undefined && print(definition.type) === String(argument?.type);
}

function isConstant(value: ArgumentNode['value']): boolean {
  let isConstant = true;
  visit(value, {
    Variable: () => {
      isConstant = false;
    },
  });
  return isConstant;
}

/** No field of the schema below the roots takes arguments; one that will is left to graphql-js. */
function hasNoArgumentsBelow(selectionSet: SelectionSetNode | undefined): boolean {
  return (selectionSet?.selections ?? []).every(
    (one) =>
      one.kind === Kind.FIELD && (one.arguments ?? []).length === 0 && hasNoArgumentsBelow(one.selectionSet),
  );
}
