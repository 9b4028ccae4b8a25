import { ApolloServer, type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type ExecutionResult, type GraphQLSchema, print } from 'graphql';
import type { Logger } from 'pino';
import type { Operations, PreparedOperation } from '../../operations/operations.js';
import { PARSE_OPTIONS } from '../../operations/parsing.js';
import type { RequestContext } from '../../request-context.js';

/** What Apollo Server passes on as the context of one operation. */
interface Running {
  prepared: PreparedOperation;
  context: RequestContext;
}

/** Apollo Server around `Operations`, which validates and executes for every transport. */
export async function startApollo(schema: GraphQLSchema, operations: Operations, log: Logger) {
  const apollo = new ApolloServer<Running>({
    schema,
    logger: log,
    plugins: [
      runBy(operations),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    parseOptions: PARSE_OPTIONS,
    dangerouslyDisableValidation: true,
    introspection: true,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
  });
  await apollo.start();
  return {
    /** Runs an operation that `Operations` has found fit to run. */
    async run(prepared: PreparedOperation, context: RequestContext): Promise<ExecutionResult> {
      const { document, operation } = prepared;
      const request = { query: print(document), ...(operation.name && { operationName: operation.name }) };
      const { body } = await apollo.executeOperation(request, { contextValue: { prepared, context } });
      if (body.kind !== 'single') throw new Error('incremental delivery is not offered');
      const { errors } = body.singleResult;
      // It would be an error of Apollo Server's own, in its words.
      if (errors?.some(({ extensions }) => extensions?.requestId === undefined))
        throw new Error('Apollo Server did not run the operation', { cause: errors });
      return body.singleResult as ExecutionResult;
    },
    stop: () => apollo.stop(),
  };
}

function runBy(operations: Operations): ApolloServerPlugin<Running> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ contextValue }): Promise<GraphQLResponse> {
          const { prepared, context } = contextValue;
          const { errors, ...rest } = await operations.run(prepared, context);
          return {
            http: { headers: new HeaderMap() },
            body: {
              kind: 'single',
              singleResult: { ...rest, ...(errors && { errors: errors.map((error) => error.toJSON()) }) },
            },
          };
        },
      };
    },
  };
}
