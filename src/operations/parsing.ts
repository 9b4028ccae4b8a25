import { type DocumentNode, type GraphQLError, type ParseOptions, parse } from 'graphql';

/** Names and punctuation; the largest introspection query has 184. */
export const MAX_TOKENS = 1_000;
export const MAX_DOCUMENT_CHARACTERS = 100_000;

/** What holds before there is a document whose cost could be counted. */
export const PARSE_OPTIONS: ParseOptions = {
  maxLexicalTokens: MAX_TOKENS,
  maxComments: MAX_TOKENS,
  maxSourceLength: MAX_DOCUMENT_CHARACTERS,
};

const TOO_LARGE = `The document is larger than ${MAX_TOKENS} tokens or ${MAX_DOCUMENT_CHARACTERS} characters. Put values into variables, and send operations one by one.`;

/** Throws graphql-js's own error, which quotes the document: see `syntaxMessage`. */
export function parseDocument(text: string): DocumentNode {
  return parse(text, PARSE_OPTIONS);
}

/** A parser's own message quotes the document, and there could be a prompt in it. */
export function syntaxMessage({ message }: Pick<GraphQLError, 'message'>): string {
  const isTooLarge = message.endsWith('Parsing aborted.');
  return isTooLarge ? TOO_LARGE : 'The document is not valid GraphQL from this place on.';
}
