import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

describe.each(['.', 'bench'])('npm ci in %s', (folder) => {
  it('warns of no package that wants another Node, and of no install script that nobody has decided on', () => {
    const args = ['ci', '--dry-run', '--offline', '--no-audit', '--no-fund'];
    const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => /EBADENGINE|install-scripts|npm error/.test(line))).toEqual(
      [],
    );
    expect(status).toBe(0);
  });

  it('installs no package that is deprecated', () => {
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    const deprecated = Object.keys(packages).filter((path) => packages[path].deprecated);
    expect(deprecated).toEqual([]);
  });
});
