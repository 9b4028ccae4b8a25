import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { pino } from 'pino';
import { countSpenders, GROUPINGS, type Grouping, spendingReport } from '../pricing/spending-report.js';
import { DAY_MS, HOUR_MS } from '../store/hours.js';
import { openConfiguredStore } from '../store/open-store.js';
import { hasEarlierLayout } from '../store/sqlite/migrations.js';
import { type Store, USAGE_RETENTION_MS } from '../store/store.js';
import { waitUntil } from '../util/wait.js';
import { readConfiguration } from './configuration.js';
import { FORMATS, type Format, formatted } from './report-formats.js';
import { UsageError } from './usage-error.js';

const STORE_WAIT_MS = 2_000;
/** The progress bar appears after so many milliseconds. */
const PROGRESS_DELAY_MS = 1_000;
const MEMORY = 'sqlite::memory:';

interface Options {
  since: number;
  by: Grouping;
  format: Format;
}

/** Prints what callers have spent, from the store that the configuration names; the server may be running. */
export async function printReport(args: string[]): Promise<void> {
  const now = Date.now();
  const { since, by, format } = readOptions(args, now);
  const store = await openExisting();
  const progress = showProgress(store, since, now);
  try {
    const lines = spendingReport(store, by, since, now, progress.add);
    for await (const text of formatted(lines, by, format)) {
      progress.hide();
      if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  } finally {
    progress.hide();
    await store.close();
  }
}

function readOptions(args: string[], now: number): Options {
  const { since, by, format } = parse(args);
  return {
    since: readSince(since, now),
    by: oneOf('--by', GROUPINGS, by),
    format: oneOf('--format', FORMATS, format),
  };
}

function parse(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      since: { ...text, default: '30d' },
      by: { ...text, default: 'model' },
      format: { ...text, default: 'table' },
    };
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readSince(since: string, now: number): number {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(since) ?? [];
  if (count !== undefined) return now - Number(count) * (unit === 'h' ? HOUR_MS : DAY_MS);
  const time = /^\d{4}-\d\d-\d\d/.test(since) ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new UsageError(
      `--since must be a number of days or hours, such as 7d or 12h, or a date, such as 2026-01-31`,
    );
  }
  return Math.max(time, now - USAGE_RETENTION_MS);
}

function oneOf<T extends string>(name: string, values: readonly T[], value: string): T {
  const found = values.find((each) => each === value);
  if (found === undefined) throw new UsageError(`${name} must be one of ${values.join(', ')}`);
  return found;
}

async function openExisting(): Promise<Store> {
  const { config } = await readConfiguration();
  const { url } = config.store;
  if (url === MEMORY) throw new UsageError('STORE_URL is in memory, which only the server can read');
  const [, file] = /^sqlite:(.*)$/.exec(url) ?? [];
  if (file !== undefined && !existsSync(file)) {
    throw new UsageError(`STORE_URL names the file ${file}, which does not exist; has a server written it?`);
  }
  if (file !== undefined && hasEarlierLayout(file)) {
    const advice =
      'Use the report of its version, or start a server of this version first, which migrates it';
    throw new UsageError(`STORE_URL names the file ${file} of an earlier version. ${advice}`);
  }
  // What a server would log: the first line tells more than later ones, which follow from it.
  const reasons: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void reasons.push(JSON.parse(line).reason) });
  const store = openConfiguredStore(config, log, () => undefined);
  await waitUntil(store.isReachable, STORE_WAIT_MS);
  if (await store.isReachable()) return store;
  await store.close();
  throw new UsageError(['STORE_URL names a store that cannot be used', ...reasons.slice(0, 1)].join(': '));
}

/** A bar on a terminal, if there is anything to wait for. */
function showProgress(store: Store, since: number, now: number) {
  let done = 0;
  let bar: SingleBar | undefined;
  let isOver = false;
  const show = async () => {
    const total = await countSpenders(store, since, now);
    if (isOver) return;
    bar = new SingleBar({ format: '{bar} {value} of {total} callers', stopOnComplete: true });
    bar.start(total, done);
  };
  const timer = process.stdout.isTTY
    ? setTimeout(() => void show().catch(() => undefined), PROGRESS_DELAY_MS)
    : undefined;
  return {
    add(callers: number): void {
      done += callers;
      bar?.update(done);
    },
    hide(): void {
      isOver = true;
      clearTimeout(timer);
      bar?.stop();
      bar = undefined;
    },
  };
}
