import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Answer = (response: ServerResponse, request: IncomingMessage, seen: SeenRequest) => void;

/** A gateway on a real socket that answers as a test says and remembers byte for byte what it was sent. */
export class StandIn implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  answer: Answer = (response) => json(response, 200, CREATED);

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async start(answer?: Answer): Promise<StandIn> {
    const server = createServer();
    const standIn = new StandIn(server);
    if (answer) standIn.answer = answer;
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      const body = await buffer(request).catch(() => undefined);
      // Its sender has left in its middle.
      if (!body) return;
      const { method = '', url: path = '', headers } = request;
      const seen = { method, path, headers, body: body.toString('utf8') };
      standIn.seen.push(seen);
      standIn.answer(response, request, seen);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  get openSockets(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function json(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** The response example of context-create.zh.txt. */
export const CREATED = {
  id: 'ctx-20241211104333-12345',
  ttl: 3600,
  truncation_strategy: { type: 'rolling_tokens', rolling_tokens: true },
  usage: {
    prompt_tokens: 8,
    completion_tokens: 0,
    total_tokens: 8,
    prompt_tokens_details: { cached_tokens: 0 },
  },
  mode: 'session',
};
