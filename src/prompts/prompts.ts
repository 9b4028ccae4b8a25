import type { Caller } from '../auth/caller.js';
import { promptNotFound } from '../errors.js';
import type { PromptDefinition } from './prompt-file.js';
import type { PromptFolder } from './prompt-folder.js';

/** The operator's prompts, each for the callers who may use it. */
export class Prompts {
  /** undefined: the operator declares none. */
  constructor(private readonly folder: PromptFolder | undefined) {}

  /** Sorted by name. */
  list(caller: Caller): PromptDefinition[] {
    return (this.folder?.all() ?? []).filter((prompt) => mayUse(prompt, caller));
  }

  /** Throws the same PROMPT_NOT_FOUND whether the prompt is unknown or not for this caller. */
  find(name: string, caller: Caller): PromptDefinition {
    const prompt = this.folder?.get(name);
    if (!prompt || !mayUse(prompt, caller)) throw promptNotFound();
    return prompt;
  }
}

function mayUse({ roles }: PromptDefinition, caller: Caller): boolean {
  return roles === null || roles.some((role) => caller.roles.includes(role));
}
