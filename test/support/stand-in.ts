import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ApiName } from '../../src/gateway/apis.js';
import { ModelsFile } from './models-file.js';
import { TranslatingProxy } from './translating-proxy.js';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Answer = (response: ServerResponse, request: IncomingMessage, seen: SeenRequest) => void;

/**
 * A gateway on a real socket that answers as a test says and remembers byte for byte what it was sent. Tests are written in the
 * words of the Context API; a proxy in front of it translates them where the suite runs through another API.
 */
export class StandIn implements AsyncDisposable {
  /** The API that those started from now on speak. */
  static api: ApiName = 'context';
  readonly seen: SeenRequest[] = [];
  answer: Answer = (response) => json(response, 200, CREATED);
  /** The server's clock, which expiries are told by. */
  now: () => number = Date.now;
  private proxy: TranslatingProxy | undefined;
  private models: ModelsFile | undefined;

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async start(answer?: Answer): Promise<StandIn> {
    const server = createServer();
    const standIn = new StandIn(server);
    if (answer) standIn.answer = answer;
    await standIn.listen();
    if (StandIn.api !== 'context') await standIn.speak(StandIn.api);
    return standIn;
  }

  private async listen(): Promise<void> {
    const { server } = this;
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      const body = await buffer(request).catch(() => undefined);
      // A request that breaks off before its end asks for nothing.
      if (!body) return;
      const { method = '', url: path = '', headers } = request;
      const seen = { method, path, headers, body: body.toString('utf8') };
      this.seen.push(seen);
      this.answer(response, request, seen);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  private async speak(api: Exclude<ApiName, 'context'>): Promise<void> {
    this.proxy = await TranslatingProxy.start(api, this.url, () => this.now());
    this.models = new ModelsFile();
    this.models.writeText(`currency: CNY\nmodels:\n  "*": { api: ${api} }\n`);
  }

  /** What the server has to know of it. */
  get env(): Record<string, string> {
    return this.models ? { MODELS: this.models.path } : {};
  }

  get url(): string {
    if (this.proxy) return this.proxy.url;
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  get openSockets(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy?.[Symbol.asyncDispose]();
    this.models?.[Symbol.dispose]();
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
