/**
 * graphql-js quotes what it was sent when a value does not fit ("got invalid value ..."). What callers send
 * are prompts, so every such message is made anew here, from the schema alone.
 */

import {
  type ASTVisitor,
  GraphQLError,
  getNamedType,
  isInputObjectType,
  Kind,
  type ValidationContext,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import { expectation } from './variables.js';

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
