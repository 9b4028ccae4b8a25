import {
  type ArgumentNode,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type OperationTypeNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
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
 * frontends send all day; the one form of fragment that is taken tells the types of a union apart, as every stream has it.
 */
function isCompilable(schema: GraphQLSchema, operation: OperationDefinitionNode): boolean {
  const { selections } = operation.selectionSet;
  const [root] = selections;
  if (selections.length !== 1 || root?.kind !== Kind.FIELD) return false;
  if (hasDirectives(operation) || !hasPlainVariables(operation)) return false;
  const field = schema.getRootType(operation.operation)?.getFields()[root.name.value];
  if (!field || !isPlainField(root)) return false;
  const args = root.arguments ?? [];
  return (
    args.every((argument) => isPlainArgument(argument, field, operation)) &&
    isPlainSelection(root.selectionSet, getNamedType(field.type))
  );
}

function hasPlainVariables({ variableDefinitions = [] }: OperationDefinitionNode): boolean {
  return variableDefinitions.every((one) => !one.defaultValue && !hasDirectives(one));
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

function isConstant(value: ValueNode): boolean {
  let isConstant = true;
  visit(value, {
    Variable: () => {
      isConstant = false;
    },
  });
  return isConstant;
}

/** Whether it selects fields without arguments, each once, and of a union the fields of each type. */
function isPlainSelection(selectionSet: SelectionSetNode | undefined, type: GraphQLNamedType): boolean {
  if (!selectionSet) return true;
  const keys = selectionSet.selections.flatMap((selection) => keysOf(selection, type));
  return new Set(keys).size === keys.length && selectionSet.selections.every((one) => isPlainPart(one, type));
}

function isPlainPart(selection: SelectionNode, type: GraphQLNamedType): boolean {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return false;
  if (selection.kind === Kind.INLINE_FRAGMENT) {
    const member = memberOf(type, selection);
    return (
      !hasDirectives(selection) && member !== undefined && isPlainSelection(selection.selectionSet, member)
    );
  }
  if (!isPlainField(selection) || (selection.arguments ?? []).length > 0) return false;
  const field = isObjectType(type) ? type.getFields()[selection.name.value] : undefined;
  return field
    ? isPlainSelection(selection.selectionSet, getNamedType(field.type))
    : selection.name.value === '__typename';
}

/** What must not come twice: the key of a field, and the type of a fragment. */
function keysOf(selection: SelectionNode, type: GraphQLNamedType): string[] {
  if (selection.kind === Kind.FIELD) return [(selection.alias ?? selection.name).value];
  const member = selection.kind === Kind.INLINE_FRAGMENT ? memberOf(type, selection) : undefined;
  return member ? [`... on ${member.name}`] : [];
}

/** The type of a union that a fragment is for. */
function memberOf(
  type: GraphQLNamedType,
  { typeCondition }: InlineFragmentNode,
): GraphQLObjectType | undefined {
  return isUnionType(type)
    ? type.getTypes().find(({ name }) => name === typeCondition?.name.value)
    : undefined;
}

/** `__proto__` is more than a name to graphql-jit. */
function isPlainField(field: FieldNode): boolean {
  return !hasDirectives(field) && (field.alias ?? field.name).value !== '__proto__';
}

function hasDirectives({ directives = [] }: { readonly directives?: readonly unknown[] }): boolean {
  return directives.length > 0;
}
