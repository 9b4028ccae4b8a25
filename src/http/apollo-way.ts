import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Operations } from './operations.js';

type StartedApollo = Awaited<ReturnType<typeof start>>;

/**
 * The way of requests that are no plain POST. Apollo Server is loaded and started when the first of them comes: many
 * servers never see one, and it would be an eighth of the time that a start takes.
 */
export class ApolloWay {
  private started: Promise<StartedApollo> | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly operations: Operations,
    private readonly log: Logger,
  ) {}

  answer: StartedApollo['answer'] = async (...request) => {
    this.started ??= start(this.schema, this.operations, this.log);
    const apollo = await this.started;
    return apollo.answer(...request);
  };

  async stop(): Promise<void> {
    // One that could not start has nothing to stop; its request was told.
    const apollo = await this.started?.catch(() => undefined);
    await apollo?.stop();
  }
}

async function start(schema: GraphQLSchema, operations: Operations, log: Logger) {
  const { startApollo } = await import('./apollo.js');
  return startApollo(schema, operations, log);
}
