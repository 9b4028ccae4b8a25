import type { GraphQLError, ParseOptions } from 'graphql';

/** Names and punctuators; the largest introspection query has 184. */
export const MAX_TOKENS = 1_000;
export const MAX_DOCUMENT_CHARACTERS = 100_000;

/** Limits of the parser; those in `query-limits.ts` need a parsed document. */
export const PARSE_OPTIONS: ParseOptions = {
  maxLexicalTokens: MAX_TOKENS,
  maxComments: MAX_TOKENS,
  maxSourceLength: MAX_DOCUMENT_CHARACTERS,
};

const TOO_LARGE = `The document is larger than ${MAX_TOKENS} tokens or ${MAX_DOCUMENT_CHARACTERS} characters. Put values into variables, and send operations one by one.`;

/** The parser's own message quotes the document, which may contain a prompt. */
export function syntaxMessage({ message }: Pick<GraphQLError, 'message'>): string {
  const isTooLarge = message.endsWith('Parsing aborted.');
  return isTooLarge ? TOO_LARGE : 'The document is not valid GraphQL from this place on.';
}
