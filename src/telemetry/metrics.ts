import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { FinishedCall } from '../gateway/http/finished-call.js';
import type { FinishedOperation } from './work.js';

const PREFIX = 'context_cache_';
/** Callers choose model names; beyond this many, models share one label. */
const MAX_MODELS = 100;
/** Characters; every series repeats its labels. */
const MAX_MODEL_NAME = 128;
/** Milliseconds between samples of the event loop's lag, and its smallest reading. Each sample wakes the process. */
const LAG_MS = 50;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const STORE_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2];

/** What is read when Prometheus asks. */
export interface Sources {
  /** Whether new work may be sent here. */
  isReady: () => Promise<boolean>;
  operationsInFlight: () => number;
  streamsOpen: () => number;
  unusablePromptFiles: () => number;
  /** 0 closed, 0.5 half-open, 1 open. */
  breaker: () => number;
}

/** Amounts in a currency. */
interface Money {
  model: string;
  currency: string;
  spent: number;
  storage: number;
  withoutCache: number;
}

/** What `GET /metrics` tells. No label holds what a caller chose, but for the names of models. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly models = new Set<string>();
  private readonly used = { prompt: 0, cached: 0 };

  private readonly operations = this.histogram('operation_duration_seconds', 'Time of operations', [
    'field',
    'code',
  ]);
  private readonly calls = this.histogram('gateway_call_duration_seconds', 'Time of calls to the gateway', [
    'operation',
    'status',
    'outcome',
  ]);
  private readonly retries = this.counter('gateway_retries_total', 'Requests that were sent again', [
    'operation',
  ]);
  private readonly tokens = this.counter(
    'tokens_total',
    'Tokens of answered chats, as the gateway counted them',
    ['kind', 'model'],
  );
  private readonly spent = this.counter(
    'spent_total',
    'What chats and creations cost, by the file of models',
    ['model', 'currency'],
  );
  private readonly storage = this.counter(
    'storage_cost_total',
    'What keeping contexts costs, up to their expiry',
    ['model', 'currency'],
  );
  private readonly withoutCache = this.counter(
    'without_cache_total',
    'What the same chats would have cost without a cache',
    ['model', 'currency'],
  );
  private readonly promptChats = this.counter(
    'prompt_chats_total',
    'Answered chats by prompt, and how they used the cache',
    ['prompt', 'cache'],
  );
  private readonly keepWarm = this.counter(
    'keep_warm_tokens_total',
    'Prompt tokens spent to keep the contexts of prompts alive',
    ['prompt'],
  );
  private readonly store = this.histogram(
    'store_duration_seconds',
    'Duration of store calls',
    ['method', 'outcome'],
    STORE_SECONDS,
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LAG_MS });
  }

  /** Values that are read, not counted. */
  read({ isReady, operationsInFlight, streamsOpen, unusablePromptFiles, breaker }: Sources): void {
    this.gauge('ready', '1 if the server accepts new work (GET /readyz)', async () =>
      Number(await isReady()),
    );
    this.gauge('operations_in_flight', 'Operations that run, open streams included', operationsInFlight);
    this.gauge('streams_open', 'Streams of answers that are open', streamsOpen);
    this.gauge(
      'prompt_files_unusable',
      'Prompt files whose current version is unusable',
      unusablePromptFiles,
    );
    this.gauge('gateway_breaker_state', '0 closed, 0.5 half-open, 1 open', breaker);
    this.gauge('cache_hit_ratio', 'Cached share of all prompt tokens since the start', () =>
      this.used.prompt === 0 ? 0 : this.used.cached / this.used.prompt,
    );
  }

  readonly onOperation = ({ fields, codes, durationMs, tokens, prompts }: FinishedOperation): void => {
    const code = codes[0] ?? 'OK';
    for (const field of fields) this.operations.observe({ field, code }, durationMs / 1_000);
    for (const { name, cache } of prompts) this.promptChats.inc({ prompt: name, cache });
    for (const { model, promptTokens, cachedTokens, completionTokens } of tokens) {
      const label = this.modelLabel(model);
      this.tokens.inc({ kind: 'prompt', model: label }, promptTokens);
      this.tokens.inc({ kind: 'cached', model: label }, cachedTokens);
      this.tokens.inc({ kind: 'completion', model: label }, completionTokens);
      this.used.prompt += promptTokens;
      this.used.cached += cachedTokens;
    }
  };

  readonly onCall = ({ operation, status, outcome, attempts, durationMs }: FinishedCall): void => {
    this.calls.observe({ operation, status: status ?? 'none', outcome }, durationMs / 1_000);
    if (attempts > 1) this.retries.inc({ operation }, attempts - 1);
  };

  readonly onKeptWarm = (prompt: string, tokens: number): void => {
    this.keepWarm.inc({ prompt }, tokens);
  };

  readonly onBooked = ({ model, currency, spent, storage, withoutCache }: Money): void => {
    const labels = { model: this.modelLabel(model), currency };
    this.spent.inc(labels, spent);
    this.storage.inc(labels, storage);
    this.withoutCache.inc(labels, withoutCache);
  };

  readonly onStoreUse = (method: string, ok: boolean, durationMs: number): void => {
    this.store.observe({ method, outcome: ok ? 'ok' : 'failed' }, durationMs / 1_000);
  };

  get contentType(): string {
    return this.registry.contentType;
  }

  /** In Prometheus' text format. */
  print(): Promise<string> {
    return this.registry.metrics();
  }

  private modelLabel(model: string): string {
    if (this.models.size < MAX_MODELS && model.length <= MAX_MODEL_NAME) this.models.add(model);
    return this.models.has(model) ? model : 'other';
  }

  private histogram<T extends string>(name: string, help: string, labelNames: T[], buckets = SECONDS) {
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [this.registry] });
  }

  private counter<T extends string>(name: string, help: string, labelNames: T[]) {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name: PREFIX + name,
      help,
      registers: [this.registry],
      async collect() {
        this.set(await read());
      },
    });
  }
}
