import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SCRIPT = resolve('.ci/schema-changes.mjs');

const OLD = 'type Query { models: [String!]! context(id: ID!): String } enum Mode { SESSION }';
const NEW = 'type Query { models: [String!]! report: String } enum Mode { SESSION COMMON_PREFIX }';

/** A history of its own in a folder of its own. */
class Repository implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'schema-changes-'));

  constructor() {
    this.git('init', '--quiet', '--initial-branch=main');
  }

  write(file: string, text: string): this {
    mkdirSync(join(this.folder, file, '..'), { recursive: true });
    writeFileSync(join(this.folder, file), text);
    return this;
  }

  commit(): this {
    this.git('add', '.');
    this.git('commit', '--quiet', '--allow-empty', '--message', 'a change');
    return this;
  }

  git(...args: string[]): void {
    const author = ['-c', 'user.name=A', '-c', 'user.email=a@localhost', '-c', 'commit.gpgsign=false'];
    execFileSync('git', [...author, ...args], { cwd: this.folder, stdio: 'pipe' });
  }

  compare(...args: string[]) {
    const ran = spawnSync(process.execPath, [SCRIPT, ...args], { cwd: this.folder, encoding: 'utf8' });
    return { status: ran.status, lines: ran.stdout.trim().split('\n'), problem: ran.stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

const withSchema = (text: string) => new Repository().write('schema/schema.graphql', text).commit();

describe('the changes of the schema', () => {
  it('are named as breaking, dangerous and safe, and fail where something broke in silence', () => {
    using repository = withSchema(OLD).write('schema/schema.graphql', NEW).commit();
    const { status, lines, problem } = repository.compare();
    expect(lines).toEqual([
      expect.stringMatching(/^3 changes of schema\/schema.graphql since [0-9a-f]+$/),
      "breaking   Query.context: Field 'context' was removed from object type 'Query'",
      "safe       Query.report: Field 'report' was added to object type 'Query'",
      "dangerous  Mode.COMMON_PREFIX: Enum value 'COMMON_PREFIX' was added to enum 'Mode'",
    ]);
    expect(problem).toContain('Frontends break at `Query.context`.');
    expect(status).toBe(1);
  });

  it('may break what the newest section of the changelog names under "Breaking"', () => {
    using repository = withSchema(OLD).write('schema/schema.graphql', NEW).commit();
    const named = '### Breaking\n\n- `Query.context` is gone: ask for `models`.\n';
    const released = `## 0.1.0\n\n${named}`;
    const statusWith = (changelog: string) => repository.write('CHANGELOG.md', changelog).compare().status;
    expect(
      statusWith(`# Changelog\n\n## Unreleased\n\n### Added\n\n- \`Query.context\`\n\n${released}`),
    ).toBe(1);
    expect(statusWith(`# Changelog\n\n## Unreleased\n\n${released}`)).toBe(0);
  });

  it('are looked for since the newest release, in what is not committed yet, or since what is asked for', () => {
    using repository = withSchema(OLD).write('schema/schema.graphql', NEW);
    expect(repository.compare().lines[0]).toBe('3 changes of schema/schema.graphql since HEAD');
    repository.git('tag', 'v1.0.0');
    repository.commit().write('README.md', 'words').commit();
    expect(repository.compare().lines[0]).toBe('3 changes of schema/schema.graphql since v1.0.0');
    const same = ['No changes of schema/schema.graphql since HEAD~1'];
    expect(repository.compare('HEAD~1')).toEqual({ status: 0, lines: same, problem: '' });
  });

  it('are none where there is no earlier schema', () => {
    using repository = withSchema(OLD);
    expect(repository.compare()).toEqual({
      status: 0,
      lines: ['There is no earlier schema/schema.graphql to compare with.'],
      problem: '',
    });
  });
});
