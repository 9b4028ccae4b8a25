/**
 * graphql-js quotes what it was sent when a value does not fit ("got invalid value ..."). What callers send
 * are prompts, so every such message is made anew here, from the schema alone.
 */

import {
  type ASTVisitor,
  GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  type ValidationContext,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import type { FieldError } from '../client/errors.js';
import { type AppError, badUserInput } from '../errors.js';
import { MAX_LIST } from '../limits/query-limits.js';

/** More misfits than this help nobody. */
const MAX_FIELD_ERRORS = 20;

function expectation(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (!isEnumType(named)) return `must be of type ${type}`;
  const names = named.getValues().map((value) => value.name);
  return `must be one of ${names.join(', ')}`;
}

/** graphql-js's own rule for literals in a document, with messages that hold no value. */
export function PrivateValuesRule(context: ValidationContext): ASTVisitor {
  const reportError = (error: GraphQLError) => {
    const type = context.getInputType();
    const node = error.nodes?.[0];
    const namesFieldsOnly =
      node?.kind === Kind.OBJECT_FIELD ||
      (node?.kind === Kind.OBJECT && isInputObjectType(getNamedType(type)));
    const what = type ? `A value here ${expectation(type)}.` : 'A value here does not fit.';
    context.reportError(namesFieldsOnly ? error : new GraphQLError(what, { nodes: error.nodes ?? null }));
  };
  return ValuesOfCorrectTypeRule(Object.create(context, { reportError: { value: reportError } }));
}

/**
 * BAD_USER_INPUT that names the first of the variables at fault and what was expected there; undefined where all fit.
 * Asked before graphql-js, which writes the whole value into each message: 100 000 unknown fields took it 17 seconds.
 */
export function misfitError(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): AppError | undefined {
  const fields: FieldError[] = [];
  for (const misfit of findAllMisfits(schema, operation, variables)) {
    if (fields.push(misfit) === MAX_FIELD_ERRORS) break;
  }
  if (fields.length === 0) return undefined;
  const message = fields.map(({ path, message: what }) => `${path.join('.')} ${what}`).join('; ');
  return badUserInput(message, fields);
}

function* findAllMisfits(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Generator<FieldError> {
  for (const definition of variableDefinitions) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const fallsBack = value === undefined && definition.defaultValue !== undefined;
    if (isInputType(type) && !fallsBack) yield* findMisfits(value, type, [name]);
  }
}

function* findMisfits(
  value: unknown,
  type: GraphQLInputType,
  path: (string | number)[],
): Generator<FieldError> {
  if (isNonNullType(type)) {
    if (value == null) yield { path, message: 'must be given' };
    else yield* findMisfits(value, type.ofType, path);
  } else if (value == null) return;
  else if (isListType(type)) {
    const items = Array.isArray(value) ? value : [value];
    // The rules of the input classes take 30 µs for each message.
    if (items.length > MAX_LIST) return yield { path, message: `must have at most ${MAX_LIST} entries` };
    for (const [index, item] of items.entries()) yield* findMisfits(item, type.ofType, [...path, index]);
  } else if (isLeafType(type)) {
    if (!parses(() => type.parseValue(value))) yield { path, message: expectation(type) };
  } else if (typeof value !== 'object') yield { path, message: expectation(type) };
  else yield* findFieldMisfits(value as Record<string, unknown>, type, path);
}

function* findFieldMisfits(
  given: Record<string, unknown>,
  type: GraphQLInputObjectType,
  path: (string | number)[],
): Generator<FieldError> {
  const known = type.getFields();
  for (const field of Object.values(known)) {
    const isThere = given[field.name] !== undefined || isRequiredInputField(field);
    if (isThere) yield* findMisfits(given[field.name], field.type, [...path, field.name]);
  }
  // The name of an unknown field is the caller's own text, so it is not repeated.
  const hasUnknown = Object.keys(given).some((name) => !Object.hasOwn(known, name));
  if (hasUnknown) yield { path, message: `holds a field that ${type} does not have` };
}

function parses(parse: () => unknown): boolean {
  try {
    return parse() !== undefined;
  } catch {
    return false;
  }
}
