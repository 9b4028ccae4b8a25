import {
  type ASTVisitor,
  BREAK,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type OperationTypeNode,
  print,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { RequestContext } from '../request-context.js';
import { type Variables, VariablesReader } from './variables.js';

type Run = (
  root: unknown,
  context: RequestContext,
  variables: Variables,
) => Promise<ExecutionResult> | ExecutionResult;

/** Compiling costs more than a single run, so an operation is compiled when it runs a second time. */
const COMPILED_FROM_RUN = 2;

/** Prepares operations to run: compiled by graphql-jit where it gives the same result as graphql-js, otherwise on graphql-js. */
export class Compiler {
  private jit: typeof import('graphql-jit') | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fromRun = COMPILED_FROM_RUN,
  ) {}

  /** Loads graphql-jit, which a start does without; until it is loaded, operations run on graphql-js. */
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

/** One operation of a valid document, ready to run any number of times. */
export class CompiledOperation {
  readonly kind: OperationTypeNode;
  readonly name: string | undefined;
  /** The distinct names of the root fields; `fragment` stands for those that a fragment selects. */
  readonly fields: string[];
  readonly variables: VariablesReader;

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
}

/**
 * graphql-jit differs from graphql-js in directives, fragments, repeated fields, several root fields, variables inside literals and
 * variables whose type is not exactly their argument's. Typical operations use none of these; the only
 * fragment that compiles is `... on` a union member, which every stream selects.
 */
function isCompilable(schema: GraphQLSchema, operation: OperationDefinitionNode): boolean {
  const [root, ...others] = operation.selectionSet.selections;
  if (root?.kind !== Kind.FIELD || root.name.value.startsWith('__') || others.length > 0) return false;
  const types = new TypeInfo(schema);
  let isPlain = true;
  const allowIf = (isAllowed: boolean) => {
    isPlain &&= isAllowed;
    return isAllowed ? undefined : BREAK;
  };
  const visitor: ASTVisitor = {
    Directive: () => allowIf(false),
    FragmentSpread: () => allowIf(false),
    InlineFragment: () => allowIf(isMember(types.getType(), types.getParentType())),
    SelectionSet: ({ selections }) => allowIf(new Set(selections.map(keyOf)).size === selections.length),
    // graphql-jit mishandles the name `__proto__`.
    Field: (field) => allowIf(keyOf(field) !== '__proto__' && (field === root || !field.arguments?.length)),
    VariableDefinition: ({ defaultValue }) => allowIf(!defaultValue),
    Variable: ({ name }, _, parent) => {
      if (!parent || !('kind' in parent)) return allowIf(false);
      if (parent.kind === Kind.VARIABLE_DEFINITION) return undefined;
      const definition = operation.variableDefinitions?.find((one) => one.variable.name.value === name.value);
      const isOfItsType = definition && print(definition.type) === String(types.getInputType());
      return allowIf(parent.kind === Kind.ARGUMENT && isOfItsType === true);
    },
  };
  visit(operation, visitWithTypeInfo(types, visitor));
  return isPlain;
}

function isMember(
  type: GraphQLOutputType | null | undefined,
  union: GraphQLCompositeType | null | undefined,
): boolean {
  return isUnionType(union) && isObjectType(type) && union.getTypes().includes(type);
}

/** A selection set that has a key twice is not compiled. */
function keyOf(selection: SelectionNode): string {
  if (selection.kind === Kind.FIELD) return (selection.alias ?? selection.name).value;
  return selection.kind === Kind.INLINE_FRAGMENT ? `... on ${selection.typeCondition?.name.value}` : '...';
}
