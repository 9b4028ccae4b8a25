import { ApolloServer, type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { PARSE_OPTIONS } from '../limits/parsing.js';
import type { RequestContext } from '../request-context.js';
import type { OperationRequest, Operations } from './operations.js';

/** Apollo Server around `Operations`, which validates and executes for every transport. */
export async function startApollo(schema: GraphQLSchema, operations: Operations, log: Logger) {
  const apollo = new ApolloServer<RequestContext>({
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
    async run(request: OperationRequest, context: RequestContext): Promise<ExecutionResult> {
      const { body } = await apollo.executeOperation(toApolloRequest(request), { contextValue: context });
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

function toApolloRequest({ document, operationName, variables }: OperationRequest) {
  return { query: document, ...(operationName && { operationName }), ...(variables && { variables }) };
}

function runBy(operations: Operations): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ request, contextValue }): Promise<GraphQLResponse> {
          const { query = '', operationName, variables } = request;
          const { errors, ...rest } = await operations.run(
            { document: query, operationName, variables },
            contextValue,
          );
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
