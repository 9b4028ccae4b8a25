import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config/config.js';
import { describeWith, SYSTEMD_ANALYZE } from '../support/programs.js';

const NAME = 'graphql-context-cache.service';
const unit = readFileSync(`deploy/systemd/${NAME}`, 'utf8');

describe('the systemd unit', () => {
  it('gives the server longer to end than it takes', () => {
    const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1]);
    // Five seconds after the grace the process leaves behind what is still there.
    expect(seconds * 1_000).toBeGreaterThan(readConfig({}).shutdownGraceMs + 5_000);
  });

  it('keeps contexts in the folder that systemd makes for it, and has no secret in itself', () => {
    const state = /^StateDirectory=(.+)$/m.exec(unit)?.[1];
    expect(unit).toContain(`STORE_URL=sqlite:/var/lib/${state}/`);
    expect(unit).not.toMatch(/(KEY|SECRET|PASSWORD)=/);
  });
});

describeWith(SYSTEMD_ANALYZE)('systemd-analyze', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unit-'));
  const path = join(folder, NAME);
  // Elsewhere node may be at another place.
  writeFileSync(path, unit.replace('/usr/bin/node', process.execPath));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds nothing wrong with the unit', () => {
    const { status, stdout, stderr } = spawnSync(SYSTEMD_ANALYZE.path, ['verify', path], {
      encoding: 'utf8',
    });
    expect({ status, said: (stdout + stderr).split('\n').filter((line) => line.includes(NAME)) }).toEqual({
      status: 0,
      said: [],
    });
  });

  it('rates what a break-in could reach at no more than 1.5 of 10', () => {
    const { status, stdout } = spawnSync(
      SYSTEMD_ANALYZE.path,
      ['security', '--offline=yes', '--threshold=15', '--no-pager', path],
      { encoding: 'utf8' },
    );
    expect({ status, said: status === 0 ? '' : stdout }).toEqual({ status: 0, said: '' });
  });
});
