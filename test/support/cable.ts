import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A network between a caller and a server that can be cut. */
export class Cable implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
    private readonly isMended: boolean,
  ) {}

  /** `isMended`: after a cut, new connections are accepted. */
  static async to(origin: string, { isMended = false } = {}): Promise<Cable> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(Number(new URL(origin).port), '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Cable(server, sockets, isMended);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    if (!this.isMended) this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
