/**
 * graphql-js quotes what it was sent when a value does not fit ("got invalid value ..."). What callers send
 * are prompts, so every such message is made anew here, from the schema alone.
 */

import {
  type ASTVisitor,
  GraphQLError,
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

/** BAD_USER_INPUT that names every variable at fault and what was expected there. */
export function variablesError(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): AppError {
  const fields = (operation.variableDefinitions ?? []).flatMap((definition) => {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    const fallsBack = variables[name] === undefined && definition.defaultValue !== undefined;
    return !isInputType(type) || fallsBack ? [] : findMisfits(variables[name], type, [name]);
  });
  const named = fields.slice(0, MAX_FIELD_ERRORS);
  const message = named.map(({ path, message: what }) => `${path.join('.')} ${what}`).join('; ');
  return badUserInput(message || 'The variables do not fit their types.', named);
}

function findMisfits(value: unknown, type: GraphQLInputType, path: (string | number)[]): FieldError[] {
  if (isNonNullType(type)) {
    return value == null ? [{ path, message: 'must be given' }] : findMisfits(value, type.ofType, path);
  }
  if (value == null) return [];
  if (isListType(type)) {
    const items = Array.isArray(value) ? value : [value];
    return items.flatMap((item, index) => findMisfits(item, type.ofType, [...path, index]));
  }
  if (isLeafType(type)) {
    return parses(() => type.parseValue(value)) ? [] : [{ path, message: expectation(type) }];
  }
  if (typeof value !== 'object') return [{ path, message: expectation(type) }];
  const given = value as Record<string, unknown>;
  const known = type.getFields();
  const misfits = Object.values(known)
    .filter((field) => given[field.name] !== undefined || isRequiredInputField(field))
    .flatMap((field) => findMisfits(given[field.name], field.type, [...path, field.name]));
  // The name of an unknown field is the caller's own text, so it is not repeated.
  const hasUnknown = Object.keys(given).some((name) => !Object.hasOwn(known, name));
  return hasUnknown ? [...misfits, { path, message: `holds a field that ${type} does not have` }] : misfits;
}

function parses(parse: () => unknown): boolean {
  try {
    return parse() !== undefined;
  } catch {
    return false;
  }
}
