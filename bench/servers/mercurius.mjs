/** mercurius as documented, with its JIT enabled from the first request. */

import fastify from 'fastify';
import mercurius from 'mercurius';
import { announce } from './listen.mjs';
import { resolvers, typeDefs } from './schema.mjs';

const app = fastify();
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1 });
await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server.address().port, '/graphql');
