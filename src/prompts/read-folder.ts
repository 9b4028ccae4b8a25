import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type PromptDefinition, type PromptFileOptions, readPromptFile } from './prompt-file.js';

const MAX_FILE_BYTES = 1_048_576;
const MAX_FILES = 1_000;
const EXTENSION = /\.(?:md|ya?ml)$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}\.[a-z]+$/;

/** A file as it was read last, with its last good version. */
export interface PromptFile {
  path: string;
  /** undefined: it could not be read. */
  text: string | undefined;
  prompt: PromptDefinition | undefined;
  problems: readonly string[];
}

export interface FolderContent {
  /** Sorted by name. */
  prompts: ReadonlyMap<string, PromptDefinition>;
  /** By path. */
  problems: ReadonlyMap<string, readonly string[]>;
}

type Files = ReadonlyMap<string, PromptFile>;

/** Reads the files of a folder; `before` are those of the last reading, by name. */
export async function readFiles(folder: string, before: Files, options: PromptFileOptions): Promise<Files> {
  const names = (await readdir(folder)).filter((name) => EXTENSION.test(name) && !name.startsWith('.'));
  const files = new Map<string, PromptFile>();
  for (const [index, name] of names.sort().entries()) {
    const path = join(folder, name);
    const last = before.get(name);
    const file =
      index < MAX_FILES
        ? await readOne(path, name, last, options)
        : unusable(path, last, `${path} is one file too many: a folder may hold ${MAX_FILES} prompt files`);
    if (file) files.set(name, file);
  }
  return files;
}

/** If two files have the same name, the first is the prompt. */
export function byName(files: Files): FolderContent {
  const prompts = new Map<string, PromptDefinition>();
  const problems = new Map<string, readonly string[]>();
  for (const { path, prompt, problems: own } of files.values()) {
    const isTaken = prompt !== undefined && prompts.has(prompt.name);
    if (prompt && !isTaken) prompts.set(prompt.name, prompt);
    const all = isTaken ? [...own, `${path} must not have the same name as another file`] : own;
    if (all.length > 0) problems.set(path, all);
  }
  const sorted = [...prompts].sort(([one], [other]) => (one < other ? -1 : 1));
  return { prompts: new Map(sorted), problems };
}

/** undefined: the file was removed meanwhile. */
async function readOne(
  path: string,
  name: string,
  before: PromptFile | undefined,
  options: PromptFileOptions,
): Promise<PromptFile | undefined> {
  try {
    const stats = await stat(path);
    // Reading a pipe would never end.
    if (!stats.isFile()) return unusable(path, before, `${path} must be a file`);
    if (stats.size > MAX_FILE_BYTES)
      return unusable(path, before, `${path} must be at most ${MAX_FILE_BYTES} bytes`);
    const text = decode(await readFile(path));
    if (text === undefined) return unusable(path, before, `${path} must be in UTF-8`);
    return before?.text === text ? before : { ...parse(path, name, text, before, options), text };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? undefined : unusable(path, before, `${path} cannot be read (${code})`);
  }
}

/** Without the message, which may quote the file. */
export function codeOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}

function parse(
  path: string,
  name: string,
  text: string,
  before: PromptFile | undefined,
  options: PromptFileOptions,
): PromptFile {
  if (!NAME.test(name)) {
    const wanted = 'at most 63 lower-case letters, digits and hyphens, the first no hyphen';
    return unusable(path, before, `${path} must have a name of ${wanted}`);
  }
  const prompt = readPromptFile(path, text, options);
  return Array.isArray(prompt) ? unusable(path, before, ...prompt) : { path, text, prompt, problems: [] };
}

function unusable(path: string, before: PromptFile | undefined, ...problems: string[]): PromptFile {
  return { path, text: undefined, prompt: before?.prompt, problems };
}

/** Without a byte order mark; undefined: not UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
