import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs } from 'graphql';
import { CloseCode, type Context } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../../auth/caller.js';
import { AppError, shuttingDown } from '../../errors.js';
import { FINAL_RESULTS_MS, type PreparedOperation } from '../../operations/operations.js';
import type { RequestContext } from '../../request-context.js';
import { toOperationRequest } from '../http/operation-request.js';
import { sendError, toErrors } from '../http/responses.js';
import { HttpError } from '../http-error.js';
import type { TransportOptions } from '../options.js';
import { ignoreUpgrade, isWebSocket } from '../upgrades.js';
import { checkOperations, guardSocket } from './limits.js';

/** The longest timeout of Node (24.8 days): a connection closes after it even if its token is valid for longer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** From the registry of WebSocket close codes (RFC 6455, 11.7); clients of graphql-transport-ws reconnect after it. */
const TRY_AGAIN_LATER = 1013;

/** Serves GraphQL over WebSocket (graphql-transport-ws) at /graphql. Returns a function that closes every connection. */
export function serveWebSockets(server: Server, options: TransportOptions): () => Promise<void> {
  const { operations, documents, identify, newContext, log } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxBodyBytes,
    WebSocket: Connection,
  });
  server.on('upgrade', (request, socket, head) => {
    if (!isWebSocket(request)) return ignoreUpgrade(server, request, socket, head);
    try {
      checkUpgrade(request, options);
    } catch (error) {
      return refuse(error, request, socket, log);
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  });
  sockets.on('wsClientError', (_, socket, request) =>
    refuse(new HttpError(400, NO_HANDSHAKE, { 'sec-websocket-version': '13' }), request, socket, log),
  );
  const stream = ({ prepared, contextValue }: PreparedArgs) =>
    operations.stream(prepared, contextValue as RequestContext);
  const { dispose } = useServer<Record<string, unknown>, ConnectionState>(
    {
      // Otherwise graphql-ws would close connections with the text of unexpected errors.
      isProd: true,
      connectionInitWaitTimeout: options.timeouts.initMs,
      async onConnect(connection) {
        const { extra } = connection;
        const authorization = authorizationOf(connection);
        release(connection, 'connectionParams');
        const caller = await identify(authorization);
        if (caller instanceof AppError && caller.retryable) return tryLater(extra);
        extra.caller = caller;
        extra.expiry = closeAtExpiry(extra, caller, options.now());
        return undefined;
      },
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe({ extra, subscriptions }, _id, payload) {
        const requestId = randomUUID();
        try {
          checkOperations(Object.keys(subscriptions).length);
          const context = newContext(extra.caller as ConnectionState['caller'], requestId);
          const prepared = operations.prepare(toOperationRequest(payload, documents), context);
          release(payload, 'variables');
          release(payload, 'extensions');
          if (Array.isArray(prepared)) return prepared;
          const { document, operation } = prepared;
          return { document, operationName: operation.name, contextValue: context, prepared } as PreparedArgs;
        } catch (error) {
          return toErrors(error, requestId, log);
        }
      },
      // Queries are streams, too: only then does graphql-ws end them when the client cancels or disconnects.
      execute: (args) => stream(args as PreparedArgs),
      subscribe: (args) => stream(args as PreparedArgs),
    },
    sockets,
    options.keepAliveMs,
  );
  sockets.on('connection', guardSocket);
  return async () => {
    // Some clients never respond to a close frame.
    const late = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, FINAL_RESULTS_MS);
    await dispose();
    clearTimeout(late);
  };
}

/** graphql-ws's own reasons for these quote the client's message, or are uninformative. */
const CLOSE_REASONS = new Map<number | undefined, string>([
  [CloseCode.BadRequest, 'A message is not JSON, or not one of graphql-transport-ws'],
  [CloseCode.SubscriberAlreadyExists, 'An operation with this id is still running'],
]);

class Connection extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, CLOSE_REASONS.get(code) ?? reason);
  }
}

const NO_HANDSHAKE = 'Invalid WebSocket handshake: see RFC 6455, version 13.';

/** Set when `connection_init` is received. */
type ConnectionState = {
  caller: Caller | AppError;
  expiry: NodeJS.Timeout | undefined;
};

/** No connection outlives the token that opened it; the client may reconnect with a fresh one. */
function closeAtExpiry(
  { socket }: Extra,
  caller: ConnectionState['caller'],
  now: number,
): NodeJS.Timeout | undefined {
  if (caller instanceof AppError || caller.expiresAt === undefined) return undefined;
  const close = () => socket.close(CloseCode.Forbidden, 'The token has expired');
  return setTimeout(close, Math.min(caller.expiresAt - now, MAX_TIMEOUT_MS));
}

/** Authentication is unavailable, and a connection sends its credentials only once, so the client must reconnect. */
function tryLater({ socket }: Extra): false {
  socket.close(TRY_AGAIN_LATER, 'The token cannot be checked just now. Connect again later');
  return false;
}

/** What graphql-ws passes from `onSubscribe` to `execute` and `subscribe`. */
interface PreparedArgs extends ExecutionArgs {
  prepared: PreparedOperation;
}

/** Browsers let pages of any origin open WebSockets. */
function checkUpgrade(request: IncomingMessage, { cors, hosts, operations }: TransportOptions): void {
  if (operations.isDraining) throw shuttingDown();
  hosts.check(request);
  if (request.url?.split('?', 1)[0] !== '/graphql')
    throw new HttpError(404, 'There is nothing at this path. GraphQL is at /graphql.');
  cors.checkConnect(request);
}

function refuse(error: unknown, request: IncomingMessage, socket: Duplex, log: Logger): void {
  // Node does not manage an upgraded socket any more: nobody else handles its errors or closes it.
  socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
  const response = new ServerResponse(request);
  response.assignSocket(socket as Socket);
  response.once('finish', () => socket.end());
  const requestId = randomUUID();
  response.setHeader('x-request-id', requestId).setHeader('connection', 'close');
  sendError(error, request, response, requestId, log);
}

/** graphql-ws keeps the client's messages as long as the connection or the operation. */
function release<T extends object>(holder: T, name: keyof T): void {
  Object.assign(holder, { [name]: undefined });
}

/** From `connection_init`, since browsers cannot set headers of a WebSocket; routers of Federation pass on the caller's header. */
function authorizationOf({ connectionParams, extra }: Context<Record<string, unknown>, Extra>) {
  const sent = connectionParams?.authorization ?? connectionParams?.Authorization;
  return typeof sent === 'string' ? sent : extra.request.headers.authorization;
}
