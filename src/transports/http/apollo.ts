import type { ApolloServer, ApolloServerPlugin } from '@apollo/server';
import { type ExecutionResult, type GraphQLSchema, print } from 'graphql';
import type { Logger } from 'pino';
import type { Operations, PreparedOperation } from '../../operations/operations.js';
import { PARSE_OPTIONS } from '../../operations/parsing.js';
import type { RequestContext } from '../../request-context.js';

/** The context value of one operation on Apollo Server. */
interface ApolloContext {
  prepared: PreparedOperation;
  context: RequestContext;
}

/**
 * Runs queries sent by GET on Apollo Server. It is loaded with the first of them: many servers never see one, and loading takes
 * an eighth of the start-up time.
 */
export class ApolloRunner {
  private server: Promise<ApolloServer<ApolloContext>> | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly operations: Operations,
    private readonly log: Logger,
  ) {}

  async run(prepared: PreparedOperation, context: RequestContext): Promise<ExecutionResult> {
    this.server ??= startApollo(this.schema, this.operations, this.log);
    const server = await this.server;
    const { document, operation } = prepared;
    const request = { query: print(document), ...(operation.name && { operationName: operation.name }) };
    const { body } = await server.executeOperation(request, { contextValue: { prepared, context } });
    if (body.kind !== 'single') throw new Error('incremental delivery is not supported');
    const { errors } = body.singleResult;
    // Errors of Apollo Server's own could quote the document.
    if (errors?.some(({ extensions }) => extensions?.requestId === undefined))
      throw new Error('Apollo Server did not run the operation', { cause: errors });
    return body.singleResult as ExecutionResult;
  }

  async stop(): Promise<void> {
    // A failed start was reported to its request.
    const server = await this.server?.catch(() => undefined);
    await server?.stop();
  }
}

async function startApollo(schema: GraphQLSchema, operations: Operations, log: Logger) {
  const [{ ApolloServer, HeaderMap }, disabled] = await Promise.all([
    import('@apollo/server'),
    import('@apollo/server/plugin/disabled'),
  ]);
  /** `Operations` validates and executes, as for every transport. */
  const execution: ApolloServerPlugin<ApolloContext> = {
    requestDidStart: async () => ({
      async responseForOperation({ contextValue }) {
        const { errors, ...rest } = await operations.run(contextValue.prepared, contextValue.context);
        const singleResult = { ...rest, ...(errors && { errors: errors.map((error) => error.toJSON()) }) };
        return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
      },
    }),
  };
  const server = new ApolloServer<ApolloContext>({
    schema,
    logger: log,
    plugins: [
      execution,
      disabled.ApolloServerPluginCacheControlDisabled(),
      disabled.ApolloServerPluginInlineTraceDisabled(),
      disabled.ApolloServerPluginLandingPageDisabled(),
      disabled.ApolloServerPluginSchemaReportingDisabled(),
      disabled.ApolloServerPluginUsageReportingDisabled(),
    ],
    parseOptions: PARSE_OPTIONS,
    dangerouslyDisableValidation: true,
    introspection: true,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
  });
  await server.start();
  return server;
}
