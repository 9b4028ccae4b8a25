import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens with the shortest queue, then never takes a connection out of it. */
const LISTENER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => {
      Atomics.wait(workerData, 0, 0);
      process.exit();
    });
  });
`;

/** Linux queues one connection more than the backlog says. */
const QUEUE_LENGTH = 2;

/** An address that answers no attempt to connect: its queue of connections is full and stays so. */
export class BlackHole implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private readonly worker: Worker,
    private readonly latch: Int32Array,
    private readonly fillers: Socket[],
  ) {}

  static async start(): Promise<BlackHole> {
    const latch = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(LISTENER, { eval: true, workerData: latch });
    const [port] = await once(worker, 'message');
    const fillers = Array.from({ length: QUEUE_LENGTH }, () => connect(port, '127.0.0.1'));
    await Promise.all(fillers.map((filler) => once(filler, 'connect')));
    for (const filler of fillers) filler.on('error', () => undefined);
    return new BlackHole(port, worker, latch, fillers);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.fillers) filler.destroy();
    const exited = once(this.worker, 'exit');
    Atomics.store(this.latch, 0, 1);
    Atomics.notify(this.latch, 0);
    await exited;
  }
}
