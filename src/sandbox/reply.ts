import type { ChatRequest } from './checks.js';

const CHINESE = /\p{Script=Han}/u;
const QUOTED = 80;

export interface Reply {
  /** Pieces of about a word, as models stream them. */
  pieces: string[];
  finishReason: 'stop' | 'length';
}

/** Deterministic, and recognizably not from a model. */
export function replyTo(request: ChatRequest, cached: number, choice: number): Reply {
  const question = request.messages.at(-1)?.content ?? '';
  const quote = [...question].slice(0, QUOTED).join('');
  const said = CHINESE.test(question)
    ? `这里是沙盒，不是模型。缓存中有 ${cached} 个 token。您说的是：「${quote}」`
    : `This is the sandbox, not a model. ${cached} tokens came from the cache. You said: "${quote}"`;
  const text = choice === 0 ? said : `${said} (${choice + 1})`;
  const stopsAt = request.stop.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
  const pieces =
    text
      .slice(0, Math.min(text.length, ...stopsAt))
      .match(/[\p{L}\p{N}]{1,6}[^\p{L}\p{N}]*|[^\p{L}\p{N}]+/gu) ?? [];
  const isCut = pieces.length > request.maxTokens;
  return { pieces: pieces.slice(0, request.maxTokens), finishReason: isCut ? 'length' : 'stop' };
}
