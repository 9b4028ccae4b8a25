import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readDocument } from '../docs/documents.js';
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

let scrape: Scrape;
beforeAll(async () => {
  scrape = await scrapeAfterEverything();
});

const ourMetrics = () => [...scrape].filter(([name]) => name.startsWith('context_cache_'));
const codesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe('docs/operations.md', () => {
  it('lists every metric of ours with its labels, and no other', () => {
    const exported = ourMetrics().map(([name, { series }]) => {
      const labels = new Set(series.flatMap(Object.keys).filter((label) => label !== 'le'));
      return [name, [...labels].sort()];
    });
    const [, ...rows] =
      readDocument('docs/operations.md').tables.find(([heads]) => heads?.[0] === 'metric') ?? [];
    const listed = rows
      .filter(([metric]) => metric?.includes('context_cache_'))
      .map(([metric, labels]) => [codesIn(metric)[0], codesIn(labels).sort()]);
    expect(listed.sort()).toEqual(exported.sort());
  });
});

describe('every expression of the alerts and the dashboard', () => {
  it.each([...rules.map(({ alert, expr }) => [alert, expr] as const), ...targets])(
    '%s names metrics and labels that exist',
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

  it('covers every metric of ours on the dashboard', () => {
    const shown = targets.flatMap(([, expr]) =>
      readPromQL(expr.replaceAll('$__rate_interval', '5m')).selectors.map(({ metric }) =>
        metricOf(scrape, metric),
      ),
    );
    const ours = ourMetrics().map(([name]) => name);
    expect(ours.filter((name) => !shown.includes(name))).toEqual([]);
  });
});

describe('the alerts', () => {
  it('each link to a section of docs/operations.md', () => {
    const operations = readFileSync('docs/operations.md', 'utf8');
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(operations).toContain(`\n### ${alert}\n`);
    }
  });

  describeWith(PROMTOOL)('in promtool', () => {
    it.each([
      ['check', ALERTS],
      ['test', 'test/deploy/alerts.promtool.yml'],
    ])('pass promtool %s rules', (command, file) => {
      const { status, stdout, stderr } = spawnSync(PROMTOOL.path, [command, 'rules', file], {
        encoding: 'utf8',
      });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
    });

    it('each fire in a test of promtool', () => {
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
  it('type-checks against the schema of Grafana 11', () => {
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

  it('queries the Prometheus chosen at its top', () => {
    const [first] = dashboard.templating.list;
    expect(first).toMatchObject({ type: 'datasource', query: 'prometheus', name: 'datasource' });
    for (const { title, datasource, type } of panels) {
      if (type !== 'row') expect([title, datasource?.uid]).toEqual([title, '$' + '{datasource}']);
    }
  });

  it('has rows of panels that do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
