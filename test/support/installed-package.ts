import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SERVER = 'graphql-context-cache';
const CLIENT = 'graphql-context-cache-client';

/** The tarballs of both packages, as they would be published. */
export class Tarballs implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tarballs-'));
  readonly server = this.pack('.');
  readonly client = this.pack('./client');

  private pack(path: string): string {
    const options = ['--ignore-scripts', '--silent', '--pack-destination', this.folder];
    return join(this.folder, run('npm', ['pack', path, ...options]).trim());
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The files in a tarball, in order. */
export function filesIn(tarball: string): string[] {
  const names = run('tar', ['-tzf', tarball]).trim().split('\n');
  return names.map((name) => name.replace(/^package\//, '')).sort();
}

/** A folder of somebody who uses the packages. */
export class Project implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'project-'));
  readonly modules = join(this.folder, 'node_modules');

  constructor() {
    this.write('package.json', '{ "type": "module", "private": true }');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** With npm and all that it brings; what npm warns of. */
  install(tarball: string): string[] {
    const options = ['--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'];
    const { status, stderr } = spawnSync('npm', ['install', tarball, ...options], {
      cwd: this.folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stderr.split('\n').filter((line) => !line.startsWith('npm notice') && line !== '');
  }

  /** Packages of this checkout, as if they were installed. */
  link(names: string[]): void {
    for (const name of names) {
      mkdirSync(join(this.modules, name, '..'), { recursive: true });
      symlinkSync(resolve('node_modules', name), join(this.modules, name));
    }
  }

  run(program: string, args: string[]): string {
    return run(program, args, this.folder);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A project with both packages as their tarballs hold them; all other packages are this checkout's. */
export function projectWithAllPackages(tarballs: Tarballs): Project {
  const project = new Project();
  project.link(readdirSync('node_modules').filter((name) => !name.startsWith('.') && name !== CLIENT));
  for (const [name, tarball] of [
    [SERVER, tarballs.server],
    [CLIENT, tarballs.client],
  ] as const) {
    mkdirSync(join(project.modules, name));
    run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(project.modules, name)]);
  }
  return project;
}

/** What it prints; throws what went wrong. */
function run(program: string, args: string[], cwd = process.cwd()): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
}
