import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { ErrorCode, MASKED } from '../errors.js';
import { PARSE_OPTIONS, syntaxMessage } from '../limits/parsing.js';
import type { RequestContext } from '../request-context.js';
import type { Operations } from './operations.js';
import { statusOfRefusal } from './plain-post.js';

/**
 * Apollo Server for what it does best: reading a request, negotiating, CSRF prevention, keeping documents parsed.
 * Validation and execution are `Operations`, which the streaming transports share; Apollo knows nothing of those.
 */
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
    csrfPrevention: true,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: toPublicError,
  });
  await apollo.start();
  return {
    async answer(
      request: IncomingMessage,
      response: ServerResponse,
      search: string,
      body: unknown,
      context: RequestContext,
    ): Promise<void> {
      const { method = 'GET', headers } = request;
      const answer = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { method, headers: toHeaderMap(headers), search, body },
        context: async () => context,
      });
      for (const [name, value] of answer.headers) response.setHeader(name, value);
      if (answer.body.kind !== 'complete') throw new Error('incremental delivery is not offered');
      response.writeHead(answer.status ?? 200).end(answer.body.string);
    },
    stop: () => apollo.stop(),
  };
}

function toHeaderMap(headers: IncomingHttpHeaders): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}

function runBy(operations: Operations): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ request, contextValue }): Promise<GraphQLResponse> {
          const { query = '', operationName, variables } = request;
          const result = await operations.run({ document: query, operationName, variables }, contextValue);
          const { errors, ...rest } = result;
          const accept = request.http?.headers.get('accept');
          const status = 'data' in rest ? undefined : statusOfRefusal(result, wantsStatus(accept));
          return {
            http: { ...(status && { status }), headers: new HeaderMap() },
            body: {
              kind: 'single',
              singleResult: { ...rest, ...(errors && { errors: errors.map((error) => error.toJSON()) }) },
            },
          };
        },
        async willSendResponse({ request, source, response, contextValue }) {
          if (response.body.kind !== 'single') return;
          const { http } = response;
          if (source && http.status === 400 && !wantsStatus(request.http?.headers.get('accept')))
            http.status = 200;
          for (const error of response.body.singleResult.errors ?? []) {
            Object.assign(error.extensions ?? {}, { requestId: contextValue.requestId });
          }
        },
      };
    },
  };
}

function wantsStatus(accept: string | undefined): boolean {
  return accept?.includes('application/graphql-response+json') ?? false;
}

/** For what Apollo Server itself refuses. */
function toPublicError(error: GraphQLFormattedError): GraphQLFormattedError {
  const { message, locations, extensions } = error;
  if (extensions?.code === ErrorCode.INTERNAL_SERVER_ERROR) {
    return { message: MASKED, extensions: { code: ErrorCode.INTERNAL_SERVER_ERROR, retryable: false } };
  }
  const isSyntaxError = extensions?.code === 'GRAPHQL_PARSE_FAILED';
  return {
    message: isSyntaxError ? syntaxMessage(error) : message,
    ...(locations && { locations }),
    extensions: { code: ErrorCode.BAD_USER_INPUT, retryable: false },
  };
}
