import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What is done with the socket of a request that has been read whole. */
export type Fault = (socket: Socket, request: string) => void;

/**
 * A gateway that may misbehave below HTTP: it reads requests off plain sockets, remembers them, and answers in
 * whatever bytes a test says.
 */
export class FaultyUpstream implements AsyncDisposable {
  readonly requests: string[] = [];
  connections = 0;
  bytesSent = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(
    public fault: Fault,
    private readonly onConnection: (socket: Socket) => void,
  ) {
    this.server = createServer((socket) => this.take(socket));
  }

  /** `onConnection`: what is done with a connection before anything is read from it. */
  static async start(
    fault: Fault,
    onConnection: (socket: Socket) => void = () => undefined,
  ): Promise<FaultyUpstream> {
    const upstream = new FaultyUpstream(fault, onConnection);
    await upstream.listen(0);
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves once no connection is open. */
  async quiet(): Promise<void> {
    await Promise.all([...this.sockets].map((socket) => once(socket, 'close')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  private take(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.bytesSent += socket.bytesWritten;
    });
    this.onConnection(socket);
    let read = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      read = Buffer.concat([read, bytes]);
      for (let end = endOfRequest(read); end !== undefined; end = endOfRequest(read)) {
        const request = read.subarray(0, end).toString('utf8');
        read = read.subarray(end);
        this.requests.push(request);
        this.fault(socket, request);
      }
    });
  }
}

/** Length of the first request, once all of it is there. */
function endOfRequest(bytes: Buffer): number | undefined {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const length = /^content-length: *(\d+)/im.exec(bytes.subarray(0, head).toString('latin1'))?.[1] ?? 0;
  const end = head + 4 + Number(length);
  return bytes.length < end ? undefined : end;
}

/** An HTTP answer; `content-length` is right where it is not given. */
export function answer(
  status: number,
  body: string | Uint8Array | object,
  headers: Record<string, string | number> = {},
): Buffer {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const bytes = Buffer.from(isRaw ? (body as string) : JSON.stringify(body));
  const all = { 'content-type': 'application/json', 'content-length': bytes.length, ...headers };
  return Buffer.concat([Buffer.from(head(status, all)), bytes]);
}

/** An answer's beginning, up to the empty line. */
export function head(status: number, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`;
}

/** Sends the same to every request. */
export function say(bytes: string | Uint8Array): Fault {
  return (socket) => void socket.write(bytes);
}

/** Sends it, then ends the connection in order. */
export function sayAndEnd(bytes: string | Uint8Array): Fault {
  return (socket) => void socket.end(bytes);
}

/** Sends it, then resets the connection. */
export function sayAndReset(bytes: string | Uint8Array): Fault {
  return (socket) => void socket.write(bytes, () => socket.resetAndDestroy());
}

/** Sends a beginning, then the rest again and again. */
export function drip(beginning: string, rest: string | Uint8Array, everyMs: number): Fault {
  return (socket) => {
    socket.write(beginning);
    const timer = setInterval(() => socket.write(rest), everyMs);
    socket.once('close', () => clearInterval(timer));
  };
}

/** Sends a beginning, then as many bytes as are taken, up to so many. */
export function flood(beginning: string, bytes: number): Fault {
  const piece = Buffer.alloc(65_536, 0x20);
  return (socket) => {
    let left = bytes;
    const push = () => {
      while (left > 0 && !socket.destroyed) {
        left -= piece.length;
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', push);
    socket.write(beginning);
    push();
  };
}

/** These faults one after the other, the last one for all that follow. */
export function inTurn(...faults: [Fault, ...Fault[]]): Fault {
  let count = 0;
  return (socket, request) => faults[Math.min(count++, faults.length - 1)]?.(socket, request);
}

/** Says nothing. */
export const silence: Fault = () => undefined;
