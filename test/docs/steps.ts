import type { Block, Document } from './documents.js';

/** Something in a document that is run, with what is shown beside it. */
export interface Step {
  kind: 'command' | 'operation';
  text: string;
  /** Of an operation, where they are shown. */
  variables?: Record<string, unknown>;
  /** What is shown to come of it: JSON, or the text as it is printed. */
  answer?: { json: unknown } | { text: string };
}

/** Languages whose blocks show what stands elsewhere or is run by another test. */
const QUOTED = ['ts', 'tsx', 'js', 'markdown', 'yaml', 'ini', 'nginx', 'dockerfile'];

export function stepsOf({ blocks }: Document): Step[] {
  const steps: Step[] = [];
  for (const [place, block] of blocks.entries()) {
    const { language, text } = block;
    if (language === 'bash') {
      for (const command of commandsOf(text)) steps.push({ kind: 'command', text: command });
    } else if (language === 'graphql') {
      if (!isDefinition(text)) steps.push({ kind: 'operation', text });
    } else if (language === 'json' || language === 'text') {
      show(block, steps.at(-1), blocks[place - 1]);
    } else if (!QUOTED.includes(language)) {
      throw new Error(`no test knows what a block of "${language}" is:\n${text}`);
    }
  }
  return steps;
}

/** Adds to a step what stands directly below it: an operation's variables, then an answer. */
function show({ language, text }: Block, step: Step | undefined, above: Block | undefined): void {
  if (!step || !above || !['bash', 'graphql', 'json'].includes(above.language) || isDefinition(above.text)) {
    throw new Error(`no command or operation stands above this, that it could be the answer of:\n${text}`);
  }
  if (language === 'text') {
    step.answer = { text };
    return;
  }
  const json = JSON.parse(text);
  const isAnswer = step.kind === 'command' || 'data' in json || 'errors' in json;
  if (isAnswer) step.answer = { json };
  else step.variables = json;
}

/** Whether a block of GraphQL defines types. */
export function isDefinition(text: string): boolean {
  return /^(?:extend )?(?:type|input|enum|union|scalar|interface|schema|directive) /m.test(text);
}

/** Cut at the ends of lines and at `&&`, but not within quotes; without comments. */
export function commandsOf(block: string): string[] {
  const lines = block.replaceAll(/^\s*#.*$/gm, '').replaceAll(/ +# [^'"\n]*$/gm, '');
  const pieces = lines.match(/&&|(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|\\\n|(?!&&)[^'"\n\\])+/g) ?? [];
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== '' && piece !== '&&');
}
