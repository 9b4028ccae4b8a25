import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { environmentOf, isSent, lastOf, readDockerfile, type Step } from '../support/dockerfile.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.mjs';
import { BUBBLEWRAP, describeWith } from '../support/programs.js';

/*
 * What a Docker engine would do, done without one: the Dockerfile's own steps, each stage in a root of its own, with
 * this machine's /usr in place of the base image. It installs everything twice, so it runs only where IMAGE=true.
 */
const stages = readDockerfile();
const folder = mkdtempSync(join(tmpdir(), 'image-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rootOf = (stage: string) => join(folder, stage);
const user = lastOf(stages, 'USER')?.text.split(':') ?? [];
const volume = lastOf(stages, 'VOLUME')?.text ?? '';

/** bwrap's arguments for a root, as the user that the image names. */
function inside(root: string, access: '--bind' | '--ro-bind', workdir: string): string[] {
  const node = dirname(process.execPath);
  return [
    ...[access, root, '/'],
    ...'--ro-bind /usr /usr --ro-bind /bin /bin --ro-bind /lib /lib --ro-bind-try /lib64 /lib64'.split(' '),
    ...'--ro-bind-try /etc /etc --dev /dev --proc /proc --tmpfs /tmp --die-with-parent --clearenv'.split(' '),
    ...['--ro-bind', node, '/tmp/node', '--setenv', 'PATH', '/tmp/node:/usr/local/bin:/usr/bin:/bin'],
    ...['--unshare-user', '--uid', user[0] ?? '', '--gid', user[1] ?? '', '--chdir', workdir],
  ];
}

function build(): void {
  for (const { name, steps } of stages) {
    const root = rootOf(name);
    // Mount points, which a root that is only read could not get any more.
    for (const path of ['usr', 'bin', 'lib', 'lib64', 'etc', 'dev', 'proc', 'tmp'])
      mkdirSync(join(root, path), { recursive: true });
    let workdir = '/';
    for (const step of steps) {
      if (step.keyword === 'WORKDIR') {
        workdir = step.text;
        mkdirSync(join(root, workdir), { recursive: true });
      }
      if (step.keyword === 'COPY') copy(step, root, workdir);
      if (step.keyword === 'RUN') run(step.text, root, workdir);
    }
  }
}

function copy({ text, flags }: Step, root: string, workdir: string): void {
  const paths = text.split(/\s+/);
  const target = paths.pop() ?? '';
  const into = join(root, isAbsolute(target) ? target : join(workdir, target));
  for (const path of paths) {
    const from = flags.from ? join(rootOf(flags.from), path) : path;
    const to =
      statSync(from).isDirectory() || !target.endsWith('/') ? into : join(into, path.split('/').at(-1) ?? '');
    const filter = (file: string) => flags.from !== undefined || isSent(file);
    cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter });
  }
}

/** With npm's cache, registry and certificates of this machine: what it has fetched before is not fetched again. */
function run(command: string, root: string, workdir: string): void {
  const npm = (key: string) => execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim();
  const cache = npm('cache');
  mkdirSync(cache, { recursive: true });
  const environment = {
    HOME: '/tmp',
    npm_config_cache: '/tmp/npm',
    npm_config_registry: npm('registry'),
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? '',
  };
  const settings = Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]);
  const args = [...inside(root, '--bind', workdir), '--bind', cache, '/tmp/npm', ...settings];
  const { status, stdout, stderr } = spawnSync(BUBBLEWRAP.path, [...args, '/bin/sh', '-c', command], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command}\n${stdout}\n${stderr}`);
}

/** A container: its root is only read, its volume lies elsewhere, its port is a free one. */
class Container implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    private readonly pid: number,
    private readonly args: string[],
    readonly origin: string,
  ) {}

  static async start(data: string): Promise<Container> {
    const port = await freePort();
    const named = { GATEWAY_URL: 'sandbox:', AUTH_MODE: 'none', ALLOW_ANONYMOUS: 'on' };
    const env = { ...environmentOf(stages), ...named, PORT: String(port) };
    const settings = Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
    const workdir = lastOf(stages, 'WORKDIR')?.text ?? '/';
    const args = [...inside(rootOf('final'), '--ro-bind', workdir), '--bind', data, volume, ...settings];
    const command = JSON.parse(lastOf(stages, 'ENTRYPOINT')?.text ?? '');
    const child = spawn(BUBBLEWRAP.path, [...args, '--info-fd', '3', ...command], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    let info = '';
    for await (const bytes of child.stdio[3] as Readable) info += bytes;
    return new Container(child, JSON.parse(info)['child-pid'], args, `http://127.0.0.1:${port}`);
  }

  /** The image's own HEALTHCHECK, within the container. */
  isHealthy(): boolean {
    const command = JSON.parse(lastOf(stages, 'HEALTHCHECK')?.text.replace(/^CMD /, '') ?? '');
    return spawnSync(BUBBLEWRAP.path, [...this.args, ...command]).status === 0;
  }

  async ask(query: string): Promise<{ data?: Record<string, unknown> }> {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ query }) };
    return (await (await fetch(`${this.origin}/graphql`, init)).json()) as { data?: Record<string, unknown> };
  }

  async stop(): Promise<number | null> {
    const exited = once(this.child, 'exit');
    process.kill(this.pid, 'SIGTERM');
    await exited;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
  }
}

const describeImage = process.env.IMAGE === 'true' ? describeWith(BUBBLEWRAP) : describe.skip;

describeImage('what the Dockerfile makes', () => {
  beforeAll(build, 600_000);

  it('has what it needs to run, and none of what it was built with', () => {
    const app = join(rootOf('final'), 'app');
    for (const there of ['dist/main.js', 'examples/web/dist/index.html', 'schema/operations']) {
      expect([there, existsSync(join(app, there))]).toEqual([there, true]);
    }
    for (const absent of [
      'node_modules/typescript',
      'node_modules/react',
      'src',
      'client',
      'examples/web/src',
    ]) {
      expect([absent, existsSync(join(app, absent))]).toEqual([absent, false]);
    }
    const entries = readdirSync(app, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name)).toEqual([]);
  });

  it('says how it is configured', () => {
    const command = JSON.parse(lastOf(stages, 'ENTRYPOINT')?.text ?? '');
    const args = [
      ...inside(rootOf('final'), '--ro-bind', lastOf(stages, 'WORKDIR')?.text ?? '/'),
      ...command,
    ];
    const help = spawnSync(BUBBLEWRAP.path, [...args, '--help'], { encoding: 'utf8' });
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('GATEWAY_URL') });
  });

  it('runs without root on a root that is only read, is healthy, ends in peace, and keeps contexts', async () => {
    const data = join(folder, 'volume');
    mkdirSync(data);
    const create =
      'mutation { createContext(input: {model: "Doubao-1.5-pro-32k", messages: [{content: "hello"}]}) { id } }';
    await using container = await Container.start(data);
    await eventually(() => container.isHealthy());
    const { data: created } = await container.ask(create);
    expect(await container.stop()).toBe(0);
    expect(container.isHealthy()).toBe(false);
    await using again = await Container.start(data);
    await eventually(() => again.isHealthy());
    const { id } = (created?.createContext ?? {}) as { id: string };
    expect(await again.ask(`{ context(id: ${JSON.stringify(id)}) { id } }`)).toEqual({
      data: { context: { id } },
    });
    expect(await again.stop()).toBe(0);
    expect(statSync(resolve(data, 'contexts.db')).mode & 0o077).toBe(0);
  });
});
