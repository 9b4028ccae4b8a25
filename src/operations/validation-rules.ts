import {
  type ASTVisitor,
  ExecutableDefinitionsRule,
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  GraphQLError,
  getNamedType,
  isInputObjectType,
  isLeafType,
  Kind,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  KnownTypeNamesRule,
  LoneAnonymousOperationRule,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  ScalarLeafsRule,
  SingleFieldSubscriptionsRule,
  specifiedRules,
  UniqueArgumentNamesRule,
  UniqueDirectivesPerLocationRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueOperationNamesRule,
  UniqueVariableNamesRule,
  type ValidationContext,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
} from 'graphql';
import { expectation } from './variables.js';

/** Replaces a message that quotes the document; the error's locations still point there. */
type Message = string | ((context: ValidationContext, error: GraphQLError) => string);

/** The other rules' messages only name the schema's own fields, arguments and types. */
const MESSAGES = new Map<ValidationRule, Message>([
  [ExecutableDefinitionsRule, 'A document holds operations and fragments, and nothing else.'],
  [UniqueOperationNamesRule, 'Two operations of the document have the same name.'],
  [LoneAnonymousOperationRule, 'An operation without a name must be the only one of its document.'],
  [SingleFieldSubscriptionsRule, 'A subscription selects exactly one field, which is not `__typename`.'],
  [KnownTypeNamesRule, withSuggestion(() => 'The schema has no such type.')],
  [FragmentsOnCompositeTypesRule, 'A fragment must be on a type that has fields.'],
  [VariablesAreInputTypesRule, 'A variable must be of an input type.'],
  [ScalarLeafsRule, leafMessage],
  [FieldsOnCorrectTypeRule, withSuggestion((context) => `${context.getParentType()} has no such field.`)],
  [UniqueFragmentNamesRule, 'Two fragments of the document have the same name.'],
  [KnownFragmentNamesRule, 'The document has no such fragment.'],
  [NoUnusedFragmentsRule, 'A fragment of the document is never used.'],
  [PossibleFragmentSpreadsRule, 'This fragment is on a type that can never be met here.'],
  [NoFragmentCyclesRule, 'A fragment must not spread itself, not through others either.'],
  [UniqueVariableNamesRule, 'Two variables of the operation have the same name.'],
  [NoUndefinedVariablesRule, 'The operation does not declare this variable.'],
  [NoUnusedVariablesRule, 'A variable of the operation is never used.'],
  [KnownDirectivesRule, 'There is no such directive, or not in this place.'],
  [UniqueDirectivesPerLocationRule, 'The same directive must not stand twice in one place.'],
  [KnownArgumentNamesRule, withSuggestion(() => 'There is no such argument.')],
  [UniqueArgumentNamesRule, 'The same argument is given twice.'],
  [ValuesOfCorrectTypeRule, valueMessage],
  [VariablesInAllowedPositionRule, 'The type of this variable does not fit where the variable is used.'],
  [
    OverlappingFieldsCanBeMergedRule,
    'Two fields with the same key differ in their field, arguments or type. Give one of them an alias.',
  ],
  [UniqueInputFieldNamesRule, 'The same field of an input is given twice.'],
]);

/** graphql-js's rules with messages that repeat nothing of the document, because its values and names may contain a prompt. */
export function validationRules(introspection: boolean): readonly ValidationRule[] {
  const rules = specifiedRules.map((rule) => {
    const message = MESSAGES.get(rule);
    return message ? withMessage(rule, message) : rule;
  });
  const off = withMessage(NoSchemaIntrospectionCustomRule, 'Introspection is off.');
  return introspection ? rules : [...rules, off];
}

function withMessage(rule: ValidationRule, message: Message): ValidationRule {
  return (context): ASTVisitor => {
    const reportError = (error: GraphQLError) => {
      const text = typeof message === 'string' ? message : message(context, error);
      context.reportError(new GraphQLError(text, { nodes: error.nodes ?? null }));
    };
    return rule(Object.create(context, { reportError: { value: reportError } }));
  };
}

function withSuggestion(text: (context: ValidationContext) => string): Message {
  return (context, error) => text(context) + suggestionOf(error);
}

/** A suggestion only names the schema, and graphql-js makes none while introspection is off. */
function suggestionOf({ message }: GraphQLError): string {
  return / Did you mean [^?]+\?$/.exec(message)?.[0] ?? '';
}

function leafMessage(context: ValidationContext): string {
  const type = context.getType();
  return isLeafType(getNamedType(type))
    ? `A field of type ${type} has no selection.`
    : `A field of type ${type} needs a selection.`;
}

function valueMessage(context: ValidationContext, error: GraphQLError): string {
  const type = context.getInputType();
  const node = error.nodes?.[0];
  if (node?.kind === Kind.OBJECT_FIELD) {
    return `${context.getParentInputType()} has no such field.${suggestionOf(error)}`;
  }
  // Names the missing field, which is the schema's.
  if (node?.kind === Kind.OBJECT && isInputObjectType(getNamedType(type))) return error.message;
  return type ? `A value here ${expectation(type)}.` : 'A value here does not fit.';
}
