import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ApiName } from '../../src/gateway/apis.js';
import { ResponsesTranslation } from './responses-translation.js';

/** A call in the words of one API. */
export interface Call {
  path: string;
  body: Record<string, unknown>;
}

/** Translates between an API and the Context API, in whose words the tests are written. */
export interface Translation {
  /** null: there is no such call there, and the answer is that of `own`. Throws if the API does not take it. */
  call(method: string, call: Call): Call | null;
  own?(path: string): object;
  /** A whole answer. */
  answer(status: number, body: Record<string, unknown>, asked: Call): [number, object];
  /** An answer in server-sent events; undefined: as it is. */
  stream?(asked: Call): (piece: string | null) => string;
}

/** Always prefixes; chats name them at the endpoint of plain chats. */
const GEMINI_TRANSLATION: Translation = {
  call(_, { path, body }) {
    if (path.endsWith('/context/create')) {
      const { model, messages, ...rest } = body;
      if (rest.mode !== undefined) throw new Error('a mode is not sent');
      return { path, body: { model, messages, mode: 'common_prefix', ...rest } };
    }
    if (path !== '/v1/chat/completions') throw new Error(`there is no ${path}`);
    const isPlain = body.context_id === undefined;
    return { path: isPlain ? path : '/v1/context/chat/completions', body };
  },
  answer: (status, body) => [status, body],
};

/** Speaks an API in front of a gateway that speaks the Context API. */
export class TranslatingProxy implements AsyncDisposable {
  private readonly server = createServer((incoming, response) => void this.pass(incoming, response));

  private constructor(
    private readonly translation: Translation,
    private readonly behind: URL,
  ) {}

  static async start(
    api: Exclude<ApiName, 'context'>,
    behind: string,
    now: () => number,
  ): Promise<TranslatingProxy> {
    const translation = api === 'responses' ? new ResponsesTranslation(now) : GEMINI_TRANSLATION;
    const proxy = new TranslatingProxy(translation, new URL(behind));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(incoming).catch(() => undefined);
    if (!bytes) return;
    const { method = '', url: path = '' } = incoming;
    if (method === 'GET' && path === '/v1/models')
      return this.forward(incoming, response, { path, body: {} });
    const body = bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : {};
    try {
      const call = this.translation.call(method, { path, body });
      if (call) this.forward(incoming, response, call);
      else this.say(response, 200, this.translation.own?.(path));
    } catch (error) {
      this.say(response, 400, {
        error: { code: 'InvalidParameter', message: String(error), type: 'BadRequest' },
      });
    }
  }

  private say(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  private forward(incoming: IncomingMessage, response: ServerResponse, call: Call): void {
    const { method = '', headers: sent } = incoming;
    const text = method === 'GET' ? '' : JSON.stringify(call.body);
    const headers = { ...sent, 'content-length': Buffer.byteLength(text) };
    const { hostname, port } = this.behind;
    const forwarded = request({ hostname, port, method, path: call.path, headers });
    response.on('close', () => forwarded.destroy());
    forwarded.on('error', () => response.destroy());
    forwarded.on('response', (answer) => {
      answer.on('error', () => response.destroy());
      void this.answer(answer, response, call).catch(() => response.destroy());
    });
    forwarded.end(text);
  }

  private async answer(answer: IncomingMessage, response: ServerResponse, call: Call): Promise<void> {
    const { statusCode = 0, headers } = answer;
    const type = String(headers['content-type']);
    const { 'content-length': _, 'transfer-encoding': __, ...kept } = headers;
    const translate = type.includes('event-stream') ? this.translation.stream?.(call) : undefined;
    if (type.includes('json')) {
      const bytes = await buffer(answer);
      const [status, body] = translated(this.translation, statusCode, bytes.toString('utf8'), call);
      response.writeHead(status, kept).end(body);
      return;
    }
    response.writeHead(statusCode, kept).flushHeaders();
    if (!translate) return void answer.pipe(response);
    const decoder = new TextDecoder();
    for await (const piece of answer) response.write(translate(decoder.decode(piece, { stream: true })));
    response.end(translate(null));
  }
}

/** What is no object goes on as it is. */
function translated(translation: Translation, status: number, text: string, call: Call): [number, string] {
  try {
    const [newStatus, body] = translation.answer(status, JSON.parse(text), call);
    return [newStatus, JSON.stringify(body)];
  } catch {
    return [status, text];
  }
}
