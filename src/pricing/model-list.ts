import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { type Config, ConfigError } from '../config/config.js';
import { type ApiName, defaultApi } from '../gateway/apis.js';
import type { GatewayUsage } from '../gateway/types.js';
import { WatchedPath } from '../util/watched-path.js';
import { costOf } from './cost.js';
import { readModelFile } from './model-file.js';
import { findModel, type ListedModel, type Prices, pricesFor } from './prices.js';
import type { PricedUsage } from './types.js';

const MAX_FILE_BYTES = 1_048_576;

/** Reads the file that the configuration names once: every problem of it. */
export async function checkModelList({ modelsFile }: Pick<Config, 'modelsFile'>): Promise<string[]> {
  const read = modelsFile === undefined ? [] : await readList(modelsFile);
  return Array.isArray(read) ? [] : read.problems;
}

/** What the file that `MODELS` names says of models, read again when it changes; a bad file leaves the last good one in effect. */
export class ModelList {
  private models: readonly ListedModel[] = [];
  private readonly watched: WatchedPath | undefined;
  private problems = '';

  private constructor(
    private readonly log: Logger,
    file?: string,
  ) {
    if (file !== undefined) this.watched = new WatchedPath(file, () => this.update(file));
  }

  /** Says nothing of any model. */
  static empty(log: Logger): ModelList {
    return new ModelList(log);
  }

  /** Throws a ConfigError that lists every problem of the file. Without a file nothing has a price. */
  static async open({ modelsFile }: Pick<Config, 'modelsFile'>, log: Logger): Promise<ModelList> {
    const list = new ModelList(log, modelsFile);
    const read = modelsFile === undefined ? [] : await readList(modelsFile);
    if (!Array.isArray(read)) throw new ConfigError(read.problems);
    list.models = read;
    list.watched?.start();
    return list;
  }

  /** null if the model, or a prompt of this size, has no price. */
  pricesOf(model: string, promptTokens: number): Prices | null {
    const found = findModel(this.models, model);
    return found ? pricesFor(found, promptTokens) : null;
  }

  /** The API that serves a model. */
  apiOf(model: string): ApiName {
    return findModel(this.models, model)?.api ?? defaultApi(model);
  }

  /** Whether the file says which API serves the model. */
  hasApi(model: string): boolean {
    return findModel(this.models, model)?.api != null;
  }

  /** The usage with its cost at today's prices. */
  price(model: string, usage: GatewayUsage): PricedUsage {
    const prices = this.pricesOf(model, usage.promptTokens);
    return { ...usage, cost: prices && costOf(usage, prices) };
  }

  async close(): Promise<void> {
    await this.watched?.close();
  }

  private async update(file: string): Promise<void> {
    const read = await readList(file);
    const problems = Array.isArray(read) ? '' : read.problems.join('\n');
    if (Array.isArray(read)) this.models = read;
    else if (problems !== this.problems) {
      const message = 'the file of models cannot be used; the last good prices stay in effect';
      this.log.error({ problems: read.problems }, message);
    }
    this.problems = problems;
  }
}

async function readList(file: string): Promise<ListedModel[] | { problems: string[] }> {
  try {
    const stats = await stat(file);
    // Reading a pipe would never end.
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES)
      return { problems: [`MODELS must name a file of at most ${MAX_FILE_BYTES} bytes`] };
    return readModelFile(file, await readFile(file, 'utf8'));
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    return { problems: [`MODELS cannot be read (${code ?? name}); it must be a YAML file of models`] };
  }
}
