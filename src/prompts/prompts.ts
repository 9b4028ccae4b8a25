import type { Caller } from '../auth/caller.js';
import { promptNotFound } from '../errors.js';
import type { PromptDefinition } from './prompt-file.js';
import type { PromptFolder } from './prompt-folder.js';

/** The operator's prompts, as far as a caller may use them. */
export class Prompts {
  /** Without a folder there are none. */
  constructor(private readonly folder: PromptFolder | undefined) {}

  /** In the order of their names. */
  list(caller: Caller): PromptDefinition[] {
    return (this.folder?.all() ?? []).filter((prompt) => mayUse(prompt, caller));
  }

  /** Throws PROMPT_NOT_FOUND, alike for a prompt that does not exist and for one that is not for this caller. */
  find(name: string, caller: Caller): PromptDefinition {
    const prompt = this.folder?.get(name);
    if (!prompt || !mayUse(prompt, caller)) throw promptNotFound();
    return prompt;
  }
}

function mayUse({ roles }: PromptDefinition, caller: Caller): boolean {
  return roles === null || roles.some((role) => caller.roles.includes(role));
}
