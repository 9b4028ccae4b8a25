import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, ConfigError, SANDBOX_URL } from '../config/config.js';
import { type PromptDefinition, type PromptFileOptions, readPromptFile } from './prompt-file.js';

/** Bytes of the largest file that is read. */
const MAX_FILE_BYTES = 1_048_576;
const MAX_FILES = 1_000;
const FILE = /\.(?:md|ya?ml)$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}\.[a-z]+$/;
/** Milliseconds to wait for further changes: editors write in several steps. */
const SETTLE_MS = 100;
/** Milliseconds between two reads: network file systems and replaced symbolic links report no change. */
const LOOK_MS = 5_000;

/** A file as last read, with its last good version. */
interface PromptFile {
  path: string;
  text: string;
  prompt: PromptDefinition | undefined;
  problems: readonly string[];
}

type Files = ReadonlyMap<string, PromptFile>;

export interface PromptFolderOptions extends PromptFileOptions {
  log: Logger;
}

export interface FolderContent {
  prompts: ReadonlyMap<string, PromptDefinition>;
  /** By path. */
  problems: ReadonlyMap<string, readonly string[]>;
}

/** Reads a folder once, with every problem of every file. */
export async function readPromptFolder(folder: string, options: PromptFileOptions): Promise<FolderContent> {
  return byName(await readFiles(folder, new Map(), options));
}

/** Reads the configured prompts; throws a ConfigError that lists all problems. */
export async function readPrompts(config: PromptSettings): Promise<PromptDefinition[]> {
  const { folder } = config.prompts;
  if (folder === undefined) return [];
  const { prompts, problems } = await readPromptFolder(folder, optionsOf(config)).catch((error) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`PROMPTS ${folder} cannot be read (${code}); name a folder of prompt files`]);
  });
  if (problems.size > 0) throw new ConfigError([...problems.values()].flat());
  return [...prompts.values()].sort(byPromptName);
}

/** Opens the configured folder, if there is one; throws a ConfigError if a file is unusable. */
export async function openPrompts(config: PromptSettings, log: Logger): Promise<PromptFolder | undefined> {
  const { folder } = config.prompts;
  if (folder === undefined) return undefined;
  for (const notice of notWarm(config, await readPrompts(config))) log.warn(notice);
  return PromptFolder.open(folder, { ...optionsOf(config), log });
}

/** What the operator should know if files ask for what the configuration does not allow. */
export function notWarm({ prompts: { keepWarmTokensPerDay } }: PromptSettings, prompts: PromptDefinition[]) {
  const names = prompts.filter(({ keepWarm }) => keepWarm).map(({ name }) => name);
  if (keepWarmTokensPerDay > 0 || names.length === 0) return [];
  return [`KEEP_WARM_TOKENS_PER_DAY is 0, so these prompts are not kept warm: ${names.join(', ')}`];
}

type PromptSettings = Pick<Config, 'prompts' | 'authMode' | 'gateway'>;

function optionsOf({ authMode, gateway }: PromptSettings): PromptFileOptions {
  const hasKey = authMode !== 'passthrough' && (gateway.apiKey !== undefined || gateway.url === SANDBOX_URL);
  return { allowRoles: authMode === 'jwt', allowKeepWarm: hasKey };
}

function byPromptName(one: PromptDefinition, other: PromptDefinition): number {
  return one.name < other.name ? -1 : 1;
}

/** The prompts of a folder, read again when it changes. A file that turns bad keeps its last good version in service. */
export class PromptFolder {
  private files: Files = new Map();
  private content: FolderContent = { prompts: new Map(), problems: new Map() };
  private watcher: FSWatcher | undefined;
  private readonly timer: NodeJS.Timeout;
  private settling: NodeJS.Timeout | undefined;
  private reading: Promise<void> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly options: PromptFolderOptions,
  ) {
    this.timer = setInterval(() => this.readAgain(), LOOK_MS).unref();
  }

  /** Resolves once the folder has been read. */
  static async open(folder: string, options: PromptFolderOptions): Promise<PromptFolder> {
    const opened = new PromptFolder(folder, options);
    await opened.read();
    opened.watch();
    return opened;
  }

  get(name: string): PromptDefinition | undefined {
    return this.content.prompts.get(name);
  }

  /** Sorted by name. */
  all(): PromptDefinition[] {
    return [...this.content.prompts.values()].sort(byPromptName);
  }

  /** Number of files whose current version is unusable. */
  get unusableFiles(): number {
    return this.content.problems.size;
  }

  /** Reads the folder now, or after the read that is running. */
  readAgain(): Promise<void> {
    this.reading = this.reading.then(() => this.read());
    return this.reading;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    clearTimeout(this.settling);
    this.watcher?.close();
    await this.reading;
  }

  private watch(): void {
    try {
      this.watcher = watch(this.folder, { persistent: false }, () => this.settle());
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      // The timer still reads the folder.
    }
  }

  private settle(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.readAgain(), SETTLE_MS).unref();
  }

  private async read(): Promise<void> {
    try {
      this.files = await readFiles(this.folder, this.files, this.options);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.options.log.error({ folder: this.folder, reason: code }, 'the folder of prompts cannot be read');
      return;
    }
    const before = this.content;
    this.content = byName(this.files);
    this.report(before);
  }

  private report(before: FolderContent): void {
    const { log } = this.options;
    const { prompts, problems } = this.content;
    for (const [path, found] of problems) {
      if (before.problems.get(path)?.join() !== found.join())
        log.error({ problems: found }, 'a prompt file is unusable; its last good version stays in service');
    }
    for (const [prompt, { version }] of prompts) {
      if (before.prompts.get(prompt)?.version !== version)
        log.info({ prompt, version }, 'a prompt is in service');
    }
    for (const prompt of before.prompts.keys()) {
      if (!prompts.has(prompt)) log.info({ prompt }, 'a prompt was removed');
    }
  }
}

/** Of two files with the same name, the first is the prompt. */
function byName(files: Files): FolderContent {
  const prompts = new Map<string, PromptDefinition>();
  const problems = new Map<string, readonly string[]>();
  for (const { path, prompt, problems: own } of files.values()) {
    const isTaken = prompt !== undefined && prompts.has(prompt.name);
    if (prompt && !isTaken) prompts.set(prompt.name, prompt);
    const all = isTaken ? [...own, `${path} must not have the same name as another file`] : own;
    if (all.length > 0) problems.set(path, all);
  }
  return { prompts, problems };
}

async function readFiles(folder: string, before: Files, options: PromptFileOptions): Promise<Files> {
  const names = (await readdir(folder)).filter((name) => FILE.test(name) && !name.startsWith('.')).sort();
  const files = new Map<string, PromptFile>();
  for (const name of names.slice(0, MAX_FILES)) {
    const file = await readOne(join(folder, name), name, before.get(name), options);
    if (file) files.set(name, file);
  }
  return files;
}

/** undefined: the file went away meanwhile. */
async function readOne(
  path: string,
  name: string,
  before: PromptFile | undefined,
  options: PromptFileOptions,
): Promise<PromptFile | undefined> {
  const unusable = (text: string, ...problems: string[]) => ({
    path,
    text,
    prompt: before?.prompt,
    problems,
  });
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES)
      return unusable('', `${path} must be at most ${MAX_FILE_BYTES} bytes`);
    const text = await readFile(path, 'utf8');
    if (before?.text === text) return before;
    if (!NAME.test(name))
      return unusable(text, `${path} must have a name of small letters, digits and hyphens, at most 63`);
    const read = readPromptFile(path, text, options);
    return Array.isArray(read) ? unusable(text, ...read) : { path, text, prompt: read, problems: [] };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : unusable('', `${path} cannot be read (${code})`);
  }
}
