import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const { bin } = JSON.parse(readFileSync('package.json', 'utf8'));

/** A project with the package as its tarball holds it, installed; all other packages are this checkout's. */
export class InstalledPackage implements Disposable {
  readonly project = mkdtempSync(join(tmpdir(), 'package-'));
  readonly folder = join(this.project, 'node_modules/graphql-context-cache');
  readonly env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: this.project };

  constructor() {
    const tarball = this.run('npm', [
      'pack',
      '--ignore-scripts',
      '--silent',
      '--pack-destination',
      this.project,
    ]);
    mkdirSync(join(this.project, 'node_modules/.bin'), { recursive: true });
    for (const name of readdirSync('node_modules').filter((name) => !name.startsWith('.'))) {
      symlinkSync(resolve('node_modules', name), join(this.project, 'node_modules', name));
    }
    this.run('tar', ['-xzf', join(this.project, tarball.trim())], this.project);
    this.run('mv', ['package', this.folder], this.project);
    for (const [name, path] of Object.entries(bin)) {
      this.run('chmod', ['+x', join(this.folder, String(path))]);
      symlinkSync(join(this.folder, String(path)), join(this.project, 'node_modules/.bin', name));
    }
  }

  /** The files of the tarball, in order. */
  get files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  /** What it prints; throws what went wrong. */
  run(program: string, args: string[], cwd = process.cwd()): string {
    return execFileSync(program, args, { env: this.env, cwd, encoding: 'utf8', stdio: 'pipe' });
  }

  [Symbol.dispose](): void {
    rmSync(this.project, { recursive: true });
  }
}
