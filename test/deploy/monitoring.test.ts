import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describeWith, PROMTOOL } from '../support/programs.js';
import { readPromQL } from '../support/promql.js';
import { metricOf, type Scrape, scrapeAfterEverything } from '../support/scrape.js';

interface Rule {
  alert: string;
  expr: string;
  annotations: { runbook_url: string };
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { h: number; w: number; x: number; y: number };
  datasource?: { uid: string };
  targets?: { refId: string; expr: string }[];
}

const ALERTS = 'deploy/prometheus/alerts.yml';
const DASHBOARD = 'deploy/grafana/context-cache.json';
const rules: Rule[] = parse(readFileSync(ALERTS, 'utf8')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);
const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
const panels: Panel[] = dashboard.panels;
const targets = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

/** Prometheus puts these on every series that it reads. */
const ITS_OWN = ['job', 'instance'];

describe('every expression of the alerts and the dashboard', () => {
  let scrape: Scrape;
  beforeAll(async () => {
    scrape = await scrapeAfterEverything();
  });

  it.each([...rules.map(({ alert, expr }) => [alert, expr] as const), ...targets])(
    '%s asks for metrics and labels that there are',
    (_, expr) => {
      const { selectors, grouping } = readPromQL(expr.replaceAll('$__rate_interval', '5m'));
      const known = new Set([...ITS_OWN, 'le']);
      for (const { metric, labels } of selectors) {
        if (metric === 'up') continue;
        const { series = [] } = scrape.get(metricOf(scrape, metric)) ?? {};
        expect({ metric, series: series.length > 0 }).toEqual({ metric, series: true });
        for (const label of series.flatMap(Object.keys)) known.add(label);
        const own = Object.entries(labels).filter(([label]) => !ITS_OWN.includes(label));
        const isThere = (one: Record<string, string>) =>
          own.every(
            ([label, value]) => one[label] !== undefined && (value === undefined || one[label] === value),
          );
        expect({ metric, own, isThere: series.some(isThere) }).toEqual({ metric, own, isThere: true });
      }
      expect(grouping.filter((label) => !known.has(label))).toEqual([]);
    },
  );

  it('shows on the dashboard every metric that is ours', () => {
    const shown = targets.flatMap(([, expr]) =>
      readPromQL(expr.replaceAll('$__rate_interval', '5m')).selectors.map(({ metric }) =>
        metricOf(scrape, metric),
      ),
    );
    const ours = [...scrape.keys()].filter((name) => name.startsWith('context_cache_'));
    expect(ours.filter((name) => !shown.includes(name))).toEqual([]);
  });
});

describe('the alerts', () => {
  it('each lead to what the operator does, in a document that has it', () => {
    const operations = readFileSync('docs/operations.md', 'utf8');
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(operations).toContain(`\n### ${alert}\n`);
    }
  });

  describeWith(PROMTOOL)('in Prometheus’ own judgement', () => {
    it.each([
      ['check', ALERTS],
      ['test', 'test/deploy/alerts.promtool.yml'],
    ])('pass promtool %s rules', (command, file) => {
      const { status, stdout, stderr } = spawnSync(PROMTOOL.path, [command, 'rules', file], {
        encoding: 'utf8',
      });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
    });

    it('each are shown to fire', () => {
      const tests = parse(readFileSync('test/deploy/alerts.promtool.yml', 'utf8')).tests;
      const fired = tests.flatMap(
        ({ alert_rule_test }: { alert_rule_test: { alertname: string; exp_alerts: [] }[] }) =>
          alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
      );
      expect([...new Set(fired)].sort()).toEqual(rules.map(({ alert }) => alert).sort());
    });
  });
});

describe('the dashboard', () => {
  it('is what Grafana 11 takes, by its own types', () => {
    const folder = mkdtempSync(join('node_modules', '.dashboard-'));
    try {
      const file = join(folder, 'dashboard.ts');
      // Grafana names choices by enums, which in JSON are their values.
      const value = '`$' + '{T}`';
      const json = `type Json<T> = T extends string ? ${value} : T extends object ? { [K in keyof T]: Json<T[K]> } : T;`;
      const typed = `import type { Dashboard } from '@grafana/schema';\n${json}\nexport const dashboard: Json<Dashboard> = `;
      writeFileSync(file, typed + JSON.stringify(dashboard));
      const tsc = [
        'node_modules/typescript/bin/tsc',
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--ignoreConfig',
      ];
      const { status, stdout } = spawnSync(process.execPath, [...tsc, '--module', 'NodeNext', file], {
        encoding: 'utf8',
      });
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('asks whichever Prometheus is chosen at its top', () => {
    const [first] = dashboard.templating.list;
    expect(first).toMatchObject({ type: 'datasource', query: 'prometheus', name: 'datasource' });
    for (const { title, datasource, type } of panels) {
      if (type !== 'row') expect([title, datasource?.uid]).toEqual([title, '$' + '{datasource}']);
    }
  });

  it('has rows of panels that lie beside each other, not over each other', () => {
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual([
      'Traffic',
      'Latency of operations, by field',
      'Errors',
      'Gateway',
      'Streams',
      'Tokens',
      'Registry',
      'Process',
    ]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
