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

/** What to say in place of a message that quotes the document; the error's locations show where. */
type Say = string | ((context: ValidationContext, error: GraphQLError) => string);

/** Of the rules that are not listed, messages name the schema's own fields, arguments and types alone. */
const SAID = new Map<ValidationRule, Say>([
  [ExecutableDefinitionsRule, 'A document holds operations and fragments, and nothing else.'],
  [UniqueOperationNamesRule, 'Two operations of the document have the same name.'],
  [LoneAnonymousOperationRule, 'An operation without a name must be the only one of its document.'],
  [SingleFieldSubscriptionsRule, 'A subscription selects exactly one field, which is not `__typename`.'],
  [KnownTypeNamesRule, withSuggestion(() => 'The schema has no such type.')],
  [FragmentsOnCompositeTypesRule, 'A fragment must be on a type that has fields.'],
  [VariablesAreInputTypesRule, 'A variable must be of an input type.'],
  [ScalarLeafsRule, sayLeaf],
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
  [ValuesOfCorrectTypeRule, sayValue],
  [VariablesInAllowedPositionRule, 'The type of this variable does not fit where the variable is used.'],
  [
    OverlappingFieldsCanBeMergedRule,
    'Two fields with the same key differ in their field, arguments or type. Give one of them an alias.',
  ],
  [UniqueInputFieldNamesRule, 'The same field of an input is given twice.'],
]);

/** graphql-js's rules, with messages that hold nothing of what was sent: a value, and a name, may be a prompt. */
export function validationRules(introspection: boolean): readonly ValidationRule[] {
  const rules = specifiedRules.map((rule) => {
    const say = SAID.get(rule);
    return say ? saying(rule, say) : rule;
  });
  const off = saying(NoSchemaIntrospectionCustomRule, 'Introspection is off.');
  return introspection ? rules : [...rules, off];
}

function saying(rule: ValidationRule, say: Say): ValidationRule {
  return (context): ASTVisitor => {
    const reportError = (error: GraphQLError) => {
      const message = typeof say === 'string' ? say : say(context, error);
      context.reportError(new GraphQLError(message, { nodes: error.nodes ?? null }));
    };
    return rule(Object.create(context, { reportError: { value: reportError } }));
  };
}

/** A suggestion names the schema alone, and graphql-js makes none while introspection is off. */
function withSuggestion(say: (context: ValidationContext) => string): Say {
  return (context, { message }) => `${say(context)}${/ Did you mean [^?]+\?$/.exec(message)?.[0] ?? ''}`;
}

function sayLeaf(context: ValidationContext): string {
  const type = context.getType();
  return isLeafType(getNamedType(type))
    ? `A field of type ${type} has no selection.`
    : `A field of type ${type} needs a selection.`;
}

function sayValue(context: ValidationContext, { nodes, message }: GraphQLError): string {
  const type = context.getInputType();
  const node = nodes?.[0];
  if (node?.kind === Kind.OBJECT_FIELD) {
    return `${context.getParentInputType()} has no such field.${/ Did you mean [^?]+\?$/.exec(message)?.[0] ?? ''}`;
  }
  // Names the field that is missing, which is the schema's.
  if (node?.kind === Kind.OBJECT && isInputObjectType(getNamedType(type))) return message;
  return type ? `A value here ${expectation(type)}.` : 'A value here does not fit.';
}
