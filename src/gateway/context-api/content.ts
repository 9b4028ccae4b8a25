/** Reads the text of a message or a delta from any known form: text, a list of parts, reasoning, a refusal. */

import { asArray, asObject, asText, type JsonObject } from '../json.js';

export interface Content {
  content: string | null;
  reasoningContent: string | null;
}

/** Deeper parts are ignored. */
const MAX_DEPTH = 8;

export function contentOf(said: JsonObject | null): Content {
  if (said === null) return { content: null, reasoningContent: null };
  const { content, reasoning_content: reasoning, refusal } = said;
  // The usual delta.
  if (typeof content === 'string' && reasoning === undefined && refusal === undefined && !thinks(said))
    return { content, reasoningContent: null };
  const parts = partsOf(content, 0);
  const thought = [reasoning, said.reasoning, said.reasoning_text, said.thinking].map(textOf).find(isSaid);
  return {
    content: joined(parts.content, textOf(refusal)),
    reasoningContent: thought ?? joined(parts.reasoningContent, textOf(reasoning)),
  };
}

function thinks({ reasoning, reasoning_text, thinking }: JsonObject): boolean {
  return reasoning != null || reasoning_text != null || thinking != null;
}

function partsOf(value: unknown, depth: number): Content {
  const list = asArray(value);
  if (list === null || depth > MAX_DEPTH) return partOf(value, depth);
  return list.reduce<Content>((all, part) => {
    const { content, reasoningContent } = partsOf(part, depth + 1);
    return {
      content: joined(all.content, content),
      reasoningContent: joined(all.reasoningContent, reasoningContent),
    };
  }, NOTHING);
}

const NOTHING: Content = { content: null, reasoningContent: null };

function partOf(value: unknown, depth: number): Content {
  const text = asText(value);
  if (text !== null) return { content: text, reasoningContent: null };
  const part = asObject(value);
  if (part === null || depth > MAX_DEPTH) return NOTHING;
  const isThought = part.thought === true || /think|reason/.test(asText(part.type) ?? '');
  const inside = [
    part.text,
    part.thinking,
    part.reasoning,
    part.summary,
    part.content,
    part.parts,
    part.refusal,
  ];
  const said = partsOf(
    inside.find((one) => one != null && asArray(one)?.length !== 0),
    depth + 1,
  );
  return isThought ? { content: null, reasoningContent: joined(said.content, said.reasoningContent) } : said;
}

/** All text, whatever the types of its parts. */
function textOf(value: unknown): string | null {
  const { content, reasoningContent } = partsOf(value, 0);
  return joined(reasoningContent, content);
}

function isSaid(text: string | null): text is string {
  return text !== null && text !== '';
}

function joined(one: string | null, other: string | null): string | null {
  return one === null || other === null ? (one ?? other) : one + other;
}
