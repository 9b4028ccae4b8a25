import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { type Config, ConfigError } from '../config/config.js';
import { APIS, type ApiName, defaultApi } from '../gateway/apis.js';
import type { CacheCapabilities } from '../gateway/caching-api.js';
import type { GatewayUsage } from '../gateway/types.js';
import { WatchedPath } from '../util/watched-path.js';
import { costOf } from './cost.js';
import { readModelFile } from './model-file.js';
import { apiOf, type ListedModel, type Prices, pricesOf } from './prices.js';
import type { PricedUsage } from './types.js';

type ModelsConfig = Pick<Config, 'modelsFile'>;

const MAX_FILE_BYTES = 1_048_576;

/** What the file that `MODELS` names says of models, read again when it changes; a bad file leaves the last good one in effect. */
export class ModelList {
  private watched: WatchedPath | undefined;
  private problems: readonly string[] = [];

  private constructor(private models: readonly ListedModel[]) {}

  /** A list without models. */
  static empty(): ModelList {
    return new ModelList([]);
  }

  /** Throws a ConfigError that lists every problem of the file. Without a file nothing has a price. */
  static async open(config: ModelsConfig, log: Logger): Promise<ModelList> {
    const { models, problems } = await ModelList.read(config);
    if (problems.length > 0) throw new ConfigError(problems);
    models.watch(config, log);
    return models;
  }

  /** Reads the file once: the list, which is empty if the file cannot be used, and every problem of it. */
  static async read({ modelsFile }: ModelsConfig) {
    if (modelsFile === undefined) return { models: ModelList.empty(), problems: [] };
    const { models = [], problems = [] } = await readList(modelsFile);
    return { models: new ModelList(models), problems };
  }

  /** null if the model, or a prompt of this size, has no price. */
  pricesOf(model: string, promptTokens: number): Prices | null {
    return pricesOf(this.models, model, promptTokens);
  }

  /** The API that serves a model. */
  apiOf(model: string): ApiName {
    return apiOf(this.models, model) ?? defaultApi(model);
  }

  /** What that API can do for the model. */
  capabilitiesOf(model: string): CacheCapabilities {
    return APIS[this.apiOf(model)].capabilitiesOf(model);
  }

  /** Whether the file says which API serves the model. */
  hasApi(model: string): boolean {
    return apiOf(this.models, model) !== null;
  }

  /** The usage with its cost at today's prices. */
  price(model: string, usage: GatewayUsage): PricedUsage {
    const prices = this.pricesOf(model, usage.promptTokens);
    return { ...usage, cost: prices && costOf(usage, prices) };
  }

  async close(): Promise<void> {
    await this.watched?.close();
  }

  private watch({ modelsFile }: ModelsConfig, log: Logger): void {
    if (modelsFile === undefined) return;
    this.watched = new WatchedPath(modelsFile, () => this.update(modelsFile, log));
    this.watched.start();
  }

  private async update(file: string, log: Logger): Promise<void> {
    const { models, problems = [] } = await readList(file);
    if (models) this.models = models;
    else if (problems.join() !== this.problems.join())
      log.error({ problems }, 'the file of models cannot be used; the last good prices stay in effect');
    this.problems = problems;
  }
}

/** The models, or why the file cannot be used. */
async function readList(file: string): Promise<{ models?: ListedModel[]; problems?: string[] }> {
  try {
    const stats = await stat(file);
    // Reading a pipe would never end.
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES)
      return { problems: [`MODELS must name a file of at most ${MAX_FILE_BYTES} bytes`] };
    const read = readModelFile(file, await readFile(file, 'utf8'));
    return Array.isArray(read) ? { models: read } : read;
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    return { problems: [`MODELS cannot be read (${code ?? name}); it must be a YAML file of models`] };
  }
}
