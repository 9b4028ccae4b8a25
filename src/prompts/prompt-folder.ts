import type { Logger } from 'pino';
import { type Config, ConfigError } from '../config/config.js';
import type { ModelList } from '../pricing/model-list.js';
import { WatchedPath } from '../util/watched-path.js';
import type { PromptDefinition, PromptFileOptions } from './prompt-file.js';
import { byName, codeOf, type FolderContent, type PromptFile, readFiles } from './read-folder.js';

interface PromptFolderOptions extends PromptFileOptions {
  log: Logger;
}

type PromptConfig = Pick<Config, 'prompts' | 'authMode'>;

/** Opens the folder that the configuration names, if any. Throws a ConfigError that lists every problem of every file. */
export async function openPrompts(
  { prompts: { folder }, authMode }: PromptConfig,
  { models, log }: { models: ModelList; log: Logger },
): Promise<PromptFolder | undefined> {
  return folder === undefined ? undefined : await PromptFolder.open(folder, { authMode, models, log });
}

/** Reads the folder that the configuration names once: its prompts, and every problem of every file. */
export async function checkPrompts({ prompts: { folder }, authMode }: PromptConfig, models: ModelList) {
  if (folder === undefined) return { prompts: [], problems: [] };
  try {
    const { prompts, problems } = byName(await readFiles(folder, new Map(), { authMode, models }));
    return { prompts: [...prompts.values()], problems: [...problems.values()].flat() };
  } catch (error) {
    return { prompts: [], problems: [unreadable(error)] };
  }
}

/** The prompts of a folder, read again when it changes. If a file turns bad, its last good version stays in service. */
export class PromptFolder {
  private files: ReadonlyMap<string, PromptFile> = new Map();
  private content: FolderContent = { prompts: new Map(), problems: new Map() };
  private readonly watched: WatchedPath;
  /** Why the last reading failed. */
  private failure: string | undefined;

  private constructor(
    private readonly folder: string,
    private readonly options: PromptFolderOptions,
  ) {
    this.watched = new WatchedPath(folder, () => this.update());
  }

  static async open(folder: string, options: PromptFolderOptions): Promise<PromptFolder> {
    const opened = new PromptFolder(folder, options);
    try {
      await opened.read();
    } catch (error) {
      throw new ConfigError([unreadable(error)]);
    }
    const problems = [...opened.content.problems.values()].flat();
    if (problems.length > 0) throw new ConfigError(problems);
    opened.watched.start();
    return opened;
  }

  get(name: string): PromptDefinition | undefined {
    return this.content.prompts.get(name);
  }

  /** Sorted by name. */
  all(): PromptDefinition[] {
    return [...this.content.prompts.values()];
  }

  /** How many files cannot be used as they are. */
  get unusableFiles(): number {
    return this.content.problems.size;
  }

  readAgain(): Promise<void> {
    return this.watched.readAgain();
  }

  close(): Promise<void> {
    return this.watched.close();
  }

  private async update(): Promise<void> {
    const before = this.content;
    try {
      await this.read();
      this.failure = undefined;
      this.logChanges(before);
    } catch (error) {
      const failure = unreadable(error);
      if (failure !== this.failure) this.options.log.error(failure);
      this.failure = failure;
    }
  }

  private async read(): Promise<void> {
    this.files = await readFiles(this.folder, this.files, this.options);
    this.content = byName(this.files);
  }

  private logChanges(before: FolderContent): void {
    const { log } = this.options;
    const { prompts, problems } = this.content;
    for (const [path, found] of problems) {
      if (before.problems.get(path)?.join() !== found.join())
        log.error(
          { problems: found },
          'a prompt file cannot be used; its last good version, if any, stays in service',
        );
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

function unreadable(error: unknown): string {
  return `PROMPTS cannot be read (${codeOf(error)}); it must be a folder of prompt files`;
}
