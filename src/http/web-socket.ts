import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors.js';
import type { Identify, NewContext, RequestContext } from '../request-context.js';
import { LAST_WORDS_MS, type Operations } from './operations.js';

/** What a timer can count to (24.8 days); a token is not good for longer on one connection. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface WebSocketParts {
  server: Server;
  operations: Operations;
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
    const refusal = parts.operations.isDraining ? '503 Service Unavailable' : refuseUpgrade(request);
    if (refusal) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  });
  const { dispose } = useServer<Record<string, unknown>, Known>(
    {
      async onConnect({ connectionParams, extra }) {
        const caller = await parts.identify(asText(connectionParams?.authorization));
        extra.caller = caller;
        extra.expiry = closeAtExpiry(extra, caller, parts.now());
      },
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe({ extra }, _id, { query, operationName, variables }) {
        const context = parts.newContext(extra.caller as Known['caller']);
        const prepared = parts.operations.prepare({ document: query, operationName, variables }, context);
        if (Array.isArray(prepared)) return prepared;
        return {
          document: prepared.document,
          operationName,
          variableValues: variables,
          contextValue: context,
        } as ExecutionArgs;
      },
      // Both as a series, so that completing the operation or losing the socket ends its work.
      execute: (args) => run(args, parts.operations),
      subscribe: (args) => run(args, parts.operations),
    },
    sockets,
    parts.keepAliveMs,
  );
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

function run(args: ExecutionArgs, operations: Operations) {
  const { document, operationName, variableValues: variables } = args;
  return operations.stream({ document, operationName, variables }, args.contextValue as RequestContext);
}

/** A page of another origin could otherwise use whoever visits it as its way in. */
function refuseUpgrade({ url, headers }: IncomingMessage): string | undefined {
  if (url?.split('?', 1)[0] !== '/graphql') return '404 Not Found';
  const { origin, host } = headers;
  const isForeign = origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
  return isForeign ? '403 Forbidden' : undefined;
}

function refuse(socket: Duplex, status: string): void {
  // Node has let go of the socket: nobody else hears of its errors.
  socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
