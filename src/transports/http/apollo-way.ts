import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Operations, PreparedOperation } from '../../operations/operations.js';
import type { RequestContext } from '../../request-context.js';

/**
 * The way of operations that come by GET. Apollo Server is loaded and started when the first of them comes: many
 * servers never see one, and it would be an eighth of the time that a start takes.
 */
export class ApolloWay {
  private started: ReturnType<typeof start> | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly operations: Operations,
    private readonly log: Logger,
  ) {}

  async run(prepared: PreparedOperation, context: RequestContext): Promise<ExecutionResult> {
    this.started ??= start(this.schema, this.operations, this.log);
    const apollo = await this.started;
    return apollo.run(prepared, context);
  }

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
