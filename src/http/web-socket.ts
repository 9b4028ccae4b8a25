import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import { CloseCode, MessageType, type SubscribePayload } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../auth/caller.js';
import { joinCohort } from '../cohort.js';
import { AppError, badUserInput, toAppError, toGraphQLError } from '../errors.js';
import type { Documents } from '../limits/trusted-documents.js';
import type { Give } from '../pushed.js';
import type { Identify, NewContext, RequestContext } from '../request-context.js';
import { toOperationRequest } from './body.js';
import type { Cors } from './cors.js';
import { HttpError } from './http-error.js';
import { LAST_WORDS_MS, type Operations, type PreparedOperation } from './operations.js';
import type { Timeouts } from './timeouts.js';
import { guardSocket, MAX_OPERATIONS, tooManyOperations } from './web-socket-limits.js';

/** What a timer can count to (24.8 days); a token is not good for longer on one connection. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Bytes that may wait for a reader before the gateway waits as well. */
const WAITING_BYTES = 65_536;

export interface WebSocketParts {
  server: Server;
  operations: Operations;
  documents: Documents;
  cors: Cors;
  timeouts: Timeouts;
  identify: Identify;
  newContext: NewContext;
  /** Milliseconds since the epoch. */
  now: () => number;
  maxMessageBytes: number;
  /** Milliseconds between pings; who has not answered one when the next is due is cut off. */
  keepAliveMs: number;
}

/** GraphQL over WebSocket (graphql-transport-ws) at /graphql. Gives back what closes every connection. */
export function serveWebSockets(parts: WebSocketParts): () => Promise<void> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: parts.maxMessageBytes });
  parts.server.on('upgrade', (request, socket, head) => {
    const refusal = parts.operations.isDraining
      ? '503 Service Unavailable'
      : refuseUpgrade(request, parts.cors);
    if (refusal) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  });
  const { dispose } = useServer<Record<string, unknown>, Known>(
    {
      connectionInitWaitTimeout: parts.timeouts.initMs,
      async onConnect({ connectionParams, extra }) {
        const caller = await parts.identify(asText(connectionParams?.authorization));
        extra.caller = caller;
        extra.expiry = closeAtExpiry(extra, caller, parts.now());
      },
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe({ extra, subscriptions }, id, payload) {
        const context = parts.newContext(extra.caller as Known['caller']);
        const request = read(payload, Object.keys(subscriptions).length, parts);
        if (request instanceof AppError) return [toGraphQLError(request, context.requestId)];
        const prepared = parts.operations.prepare(request, context);
        if (Array.isArray(prepared)) return prepared;
        const { document, operation } = prepared;
        const give = (result: ExecutionResult) =>
          send(extra.socket, { id, type: MessageType.Next, payload: result });
        const args = { document, operationName: operation.name, contextValue: context };
        return { ...args, prepared, give } as PreparedArgs;
      },
      // Both as an iterator, so that completing the operation or losing the socket ends its work. What is answered whole joins the
      // cohort as over HTTP; a stream's first event waits for nobody.
      execute: (args) =>
        new Promise((resolve) => {
          joinCohort(() => resolve(run(args as PreparedArgs, parts.operations)));
        }),
      subscribe: (args) => run(args as PreparedArgs, parts.operations),
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

/** `running`: how many operations the connection has, this one included. */
function read(payload: SubscribePayload, running: number, { documents }: WebSocketParts) {
  if (running > MAX_OPERATIONS) return tooManyOperations();
  try {
    return toOperationRequest(payload, documents);
  } catch (error) {
    return error instanceof HttpError ? badUserInput(error.message) : toAppError(error);
  }
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

function run({ prepared, contextValue, give }: PreparedArgs, operations: Operations) {
  return operations.series(prepared, contextValue as RequestContext, give);
}

/** A page of another origin could otherwise use whoever visits it as its way in. */
function refuseUpgrade(request: IncomingMessage, cors: Cors): string | undefined {
  if (request.url?.split('?', 1)[0] !== '/graphql') return '404 Not Found';
  return cors.mayConnect(request) ? undefined : '403 Forbidden';
}

function refuse(socket: Duplex, status: string): void {
  // Node has let go of the socket: nobody else hears of its errors.
  socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
