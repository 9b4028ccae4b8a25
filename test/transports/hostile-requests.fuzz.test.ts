import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ErrorCode } from '../../src/errors.js';
import { eventually } from '../support/eventually.js';
import { type HttpRequest, mistakenBytes, mistakenRequest, randomFrom } from '../support/malformed.js';
import { ServerProcess } from '../support/server-process.js';
import { CREATED, json, type Answer as Reply, StandIn } from '../support/stand-in.js';

const SEED = Number(process.env.FC_SEED ?? 20_260_101);
/** All of them where it counts; a first look elsewhere. */
const REQUESTS = process.env.CI === 'true' ? 10_000 : 1_200;
const AT_ONCE = 48;
/** Milliseconds after which a machine that is busy with other things has done enough of them, and a request is lost. */
const LONGEST_MS = 30_000;
/** Milliseconds after which a caller of raw bytes, who waits for nothing more, closes its half. */
const RAW_WAIT_MS = 15;
const CODES: ReadonlySet<string> = new Set(
  Object.values(ErrorCode).filter((code) => code !== 'INTERNAL_SERVER_ERROR'),
);

interface Answer {
  status: number;
  type: string;
  body: string;
}

function send(
  { method, path, headers, body }: HttpRequest,
  server: ServerProcess,
  agent: Agent,
): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const sent = request({
      hostname,
      port,
      method,
      path,
      agent,
      headers: { ...headers, 'content-length': body.length },
    });
    const fail = (error: NodeJS.ErrnoException) => {
      // What is left of a refused body is not read, and the system resets such a connection when it is closed.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(undefined);
      else reject(error);
    };
    sent.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, type: headers['content-type'] ?? '', body }), fail);
    });
    sent.on('error', fail);
    sent.setTimeout(LONGEST_MS, () => sent.destroy(new Error('no answer came')));
    sent.end(body);
  });
}

/** What is answered to these bytes, if anything. */
async function sendBytes(bytes: Buffer, server: ServerProcess): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) }).on('error', () => undefined);
  const timer = setTimeout(() => socket.end(), RAW_WAIT_MS);
  socket.write(bytes);
  const heard = await text(socket).catch(() => '');
  clearTimeout(timer);
  socket.destroy();
  return heard;
}

/** How `ws` refuses what is no opening handshake. */
const ofWebSocket = (body: string) => /^[\w -]+ header$/.test(body);

/** What is wrong with an answer. */
function wrongWith({ status, type, body }: Answer): string | undefined {
  if (status < 200 || status >= 500) return `status ${status}`;
  if (/node_modules|\bat .*\.[jt]s[:)]/.test(body)) return 'a stack';
  if (body === '' || !/json|event-stream/.test(type))
    return status < 400 || body === '' || ofWebSocket(body) ? undefined : `a ${type}`;
  const results = type.includes('json')
    ? [body]
    : [...body.matchAll(/^data: (.+)$/gm)].map(([, json]) => json ?? '');
  for (const { errors = [], ...rest } of results.map((json) => JSON.parse(json))) {
    if (status >= 400 && errors.length === 0) return 'no error';
    for (const { extensions } of errors) if (!CODES.has(extensions?.code)) return `code ${extensions?.code}`;
    if (errors.length === 0 && Object.keys(rest).length === 0) return 'nothing';
  }
  return undefined;
}

function readRaw(heard: string): Answer[] {
  return heard === ''
    ? []
    : heard.split(/(?=^HTTP\/1\.1 \d{3} )/m).map((answer) => {
        const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0);
        // A switch to WebSocket goes on in frames, and what is cut off in the middle is no JSON.
        const isWhole = /content-length: (\d+)/i.exec(head)?.[1] === String(Buffer.byteLength(body));
        const type = /content-type: (.*)/i.exec(head)?.[1] ?? '';
        return { status: status === 101 ? 200 : status, type, body: isWhole ? body : '' };
      });
}

/** How many sockets the process has open; not known but on Linux. */
function openSockets({ child }: ServerProcess): number {
  const folder = `/proc/${child.pid}/fd`;
  const target = (file: string) => {
    try {
      return readlinkSync(`${folder}/${file}`);
    } catch {
      return '';
    }
  };
  return existsSync(folder)
    ? readdirSync(folder).filter((file) => target(file).startsWith('socket:')).length
    : 0;
}

const answerGateway: Reply = (response, _, { path }) =>
  json(response, 200, path === '/v1/models' ? { object: 'list', data: [] } : CREATED);

describe(`${REQUESTS} malformed requests (FC_SEED=${SEED})`, () => {
  it('each get a known code or an HTTP error, and leave the server as it was', async () => {
    await using gateway = await StandIn.start(answerGateway);
    const env = {
      LOG_LEVEL: 'warn',
      PLAYGROUND: 'off',
      MAX_BODY_BYTES: '8192',
      CORS_ORIGINS: 'https://app.example',
      RATE_LIMIT_CREATES_PER_MINUTE: '60',
    };
    await using server = await ServerProcess.before(gateway, 'sqlite::memory:', env);
    const socketsBefore = openSockets(server);
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const wrong: string[] = [];
    const statuses = new Map<number, number>();
    const judge = (answer: Answer, number: number) => {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const what = wrongWith(answer);
      if (what) wrong.push(`request ${number}: ${what}: ${answer.status} ${answer.body.slice(0, 200)}`);
    };
    let next = 0;
    let unanswered = 0;
    const deadline = performance.now() + LONGEST_MS;
    const caller = async () => {
      for (let number = next++; number < REQUESTS && performance.now() < deadline; number = next++) {
        const random = randomFrom(SEED + number);
        const isRaw = random(4) === 0;
        const answers = isRaw
          ? readRaw(await sendBytes(mistakenBytes(random), server))
          : [await send(mistakenRequest(random), server, agent)];
        for (const answer of answers) {
          if (answer) judge(answer, number);
          else unanswered++;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    agent.destroy();
    expect(next).toBeGreaterThan(600);
    expect(unanswered).toBeLessThan(next / 100);
    expect(wrong).toEqual([]);
    for (const status of [200, 204, 400, 403, 404, 405, 406, 413, 415, 417, 431]) {
      expect({ status, seen: statuses.has(status) }).toEqual({ status, seen: true });
    }
    expect(await server.ask('{ models { id } }')).toEqual({ data: { models: [] } });
    expect(server.said).not.toMatch(/"level":[56]0|unhandled|rejection|\n\s+at /i);
    expect(server.child.exitCode).toBeNull();
    // fetch keeps the one of the query before.
    await eventually(async () => openSockets(server) - (await gateway.openSockets) <= socketsBefore + 1);
  });
});
