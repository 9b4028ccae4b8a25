import { readFileSync } from 'node:fs';
import { createContext } from './gateway.mjs';

/** The peers serve the printed public schema. */
export const typeDefs = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');

export const resolvers = {
  Mutation: { createContext: (_root, { input }) => createContext(input) },
};
