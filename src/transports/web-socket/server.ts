import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import { CloseCode, MessageType } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../../auth/caller.js';
import { AppError, shuttingDown } from '../../errors.js';
import { LAST_WORDS_MS, type Operations, type PreparedOperation } from '../../operations/operations.js';
import type { Documents } from '../../operations/trusted-documents.js';
import type { Identify, NewContext, RequestContext } from '../../request-context.js';
import { joinCohort } from '../../util/cohort.js';
import { Driven, type Give } from '../../util/pushed.js';
import type { Cors } from '../cors.js';
import type { Hosts } from '../hosts.js';
import { answerError, toErrors } from '../http/answers.js';
import { toOperationRequest } from '../http/operation-request.js';
import { HttpError } from '../http-error.js';
import type { Timeouts } from '../timeouts.js';
import { checkOperations, guardSocket } from './limits.js';

/** What a timer can count to (24.8 days); a token is not good for longer on one connection. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Of the registry of WebSocket close codes (RFC 6455, 11.7); clients of graphql-transport-ws connect again after it. */
const TRY_AGAIN_LATER = 1013;

/** Bytes that may wait for a reader before the gateway waits as well. */
const WAITING_BYTES = 65_536;

export interface WebSocketParts {
  server: Server;
  operations: Operations;
  documents: Documents;
  cors: Cors;
  hosts: Hosts;
  timeouts: Timeouts;
  identify: Identify;
  newContext: NewContext;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  maxMessageBytes: number;
  /** Milliseconds between pings; who has not answered one when the next is due is cut off. */
  keepAliveMs: number;
}

/** GraphQL over WebSocket (graphql-transport-ws) at /graphql. Gives back what closes every connection. */
export function serveWebSockets(parts: WebSocketParts): () => Promise<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: parts.maxMessageBytes,
    WebSocket: Connection,
  });
  parts.server.on('upgrade', (request, socket, head) => {
    try {
      checkUpgrade(request, parts);
    } catch (error) {
      return refuse(error, request, socket, parts.log);
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  });
  sockets.on('wsClientError', (_, socket, request) =>
    refuse(new HttpError(400, NO_HANDSHAKE, { 'sec-websocket-version': '13' }), request, socket, parts.log),
  );
  const { dispose } = useServer<Record<string, unknown>, Known>(
    {
      // Otherwise it would close connections with the text of what was thrown.
      isProd: true,
      connectionInitWaitTimeout: parts.timeouts.initMs,
      async onConnect(connection) {
        const { extra } = connection;
        const authorization = asText(connection.connectionParams?.authorization);
        letGo(connection, 'connectionParams');
        const caller = await parts.identify(authorization);
        if (caller instanceof AppError && caller.retryable) return tryLater(extra);
        extra.caller = caller;
        extra.expiry = closeAtExpiry(extra, caller, parts.now());
        return undefined;
      },
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe({ extra, subscriptions }, id, payload) {
        const requestId = randomUUID();
        try {
          checkOperations(Object.keys(subscriptions).length);
          const context = parts.newContext(extra.caller as Known['caller'], requestId);
          const prepared = parts.operations.prepare(toOperationRequest(payload, parts.documents), context);
          letGo(payload, 'variables');
          letGo(payload, 'extensions');
          if (Array.isArray(prepared)) return prepared;
          const { document, operation } = prepared;
          const give = (result: ExecutionResult) =>
            send(extra.socket, { id, type: MessageType.Next, payload: result });
          const args = { document, operationName: operation.name, contextValue: context };
          return { ...args, prepared, give } as PreparedArgs;
        } catch (error) {
          return toErrors(error, requestId, parts.log);
        }
      },
      // Both as an iterator, so that completing the operation or losing the socket ends its work. What is answered whole joins the
      // cohort as over HTTP; a stream's first event waits for nobody.
      execute: (args) =>
        new Promise((resolve) => {
          joinCohort(() => resolve(run(args as PreparedArgs, parts)));
        }),
      subscribe: (args) => run(args as PreparedArgs, parts),
    },
    sockets,
    parts.keepAliveMs,
  );
  sockets.on('connection', guardSocket);
  return async () => {
    // Some never answer a goodbye.
    const late = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, LAST_WORDS_MS);
    await dispose();
    clearTimeout(late);
  };
}

/** What graphql-ws says of these quotes what the client sent, or says nothing. */
const REASONS = new Map<number | undefined, string>([
  [CloseCode.BadRequest, 'A message is not JSON, or not one of graphql-transport-ws'],
  [CloseCode.SubscriberAlreadyExists, 'An operation with this id is still running'],
]);

class Connection extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, REASONS.get(code) ?? reason);
  }
}

const NO_HANDSHAKE = 'This is no valid WebSocket handshake: see RFC 6455, version 13.';

/** What is known of whoever opened a connection, from its first message on. */
type Known = {
  caller: Caller | AppError;
  expiry: NodeJS.Timeout | undefined;
};

/** No connection outlives the token that opened it; the client may come back with a fresh one. */
function closeAtExpiry({ socket }: Extra, caller: Known['caller'], now: number): NodeJS.Timeout | undefined {
  if (caller instanceof AppError || caller.expiresAt === undefined) return undefined;
  const close = () => socket.close(CloseCode.Forbidden, 'The token has expired');
  return setTimeout(close, Math.min(caller.expiresAt - now, LONGEST_TIMER_MS));
}

/** Who calls cannot be told just now, and a connection is asked only once: the client is to open another one. */
function tryLater({ socket }: Extra): false {
  socket.close(TRY_AGAIN_LATER, 'The token cannot be checked just now. Connect again later');
  return false;
}

/** What graphql-ws wants to know of an operation, what runs it, and what takes its results. */
interface PreparedArgs extends ExecutionArgs {
  prepared: PreparedOperation;
  give: Give<ExecutionResult>;
}

/**
 * graphql-ws would check each message and wait until it is written, for a tenth of what a stream costs. This waits only for a
 * reader who is slower than the gateway, so that nothing piles up here.
 */
function send(socket: WebSocket, message: object): Promise<void> | undefined {
  if (socket.readyState !== socket.OPEN) return undefined;
  const text = JSON.stringify(message);
  if (socket.bufferedAmount < WAITING_BYTES) return void socket.send(text);
  return new Promise((resolve) => socket.send(text, () => resolve()));
}

function run({ prepared, contextValue, give }: PreparedArgs, { operations, log }: WebSocketParts) {
  const context = contextValue as RequestContext;
  const series = operations.series(prepared, context, give);
  const whole = async () => {
    try {
      await series.next();
    } catch (error) {
      // graphql-ws makes an error message of it and keeps message and extensions.
      throw toErrors(error, context.requestId, log)[0];
    }
  };
  return new Driven<ExecutionResult>(whole, give, () => void series.return());
}

/** A page of another origin could otherwise use whoever visits it as its way in. */
function checkUpgrade(request: IncomingMessage, { cors, hosts, operations }: WebSocketParts): void {
  if (operations.isDraining) throw shuttingDown();
  hosts.check(request);
  if (request.url?.split('?', 1)[0] !== '/graphql')
    throw new HttpError(404, 'There is nothing at this path. GraphQL is at /graphql.');
  cors.checkConnect(request);
}

function refuse(error: unknown, request: IncomingMessage, socket: Duplex, log: Logger): void {
  // Node has let go of the socket: nobody else hears of its errors or closes it.
  socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
  const response = new ServerResponse(request);
  response.assignSocket(socket as Socket);
  response.once('finish', () => socket.end());
  const requestId = randomUUID();
  response.setHeader('x-request-id', requestId).setHeader('connection', 'close');
  answerError(error, request, response, requestId, log);
}

/** graphql-ws keeps what was sent as long as the connection or the operation, though nothing needs it any more. */
function letGo<T extends object>(holder: T, name: keyof T): void {
  Object.assign(holder, { [name]: undefined });
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
