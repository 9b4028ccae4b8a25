import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A forward proxy that opens tunnels, and remembers for what. */
export class ConnectProxy implements AsyncDisposable {
  readonly tunnels: { target: string; headers: IncomingHttpHeaders }[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** `status`: what it answers in place of a tunnel. */
  static async start({ status = 200 } = {}): Promise<ConnectProxy> {
    const server = createServer((_, response) => response.writeHead(405).end());
    const proxy = new ConnectProxy(server);
    server.on('connect', ({ url: target = '', headers }, near: Socket) => {
      proxy.tunnels.push({ target, headers });
      proxy.hold(near);
      if (status !== 200) return near.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      const far = connect(Number(new URL(`http://${target}`).port), '127.0.0.1');
      proxy.hold(far);
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
  }
}
