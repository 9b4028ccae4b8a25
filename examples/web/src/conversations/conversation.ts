import type { ContextMode } from 'graphql-context-cache-client';

/** What a conversation is held with. */
export type Target =
  | { prompt: string; title: string; model: string; contextId?: undefined }
  | { contextId: string; mode: ContextMode | null | undefined; model: string; prompt?: undefined };

export interface Conversation {
  id: string;
  /** The first question, shortened; empty before it. */
  title: string;
  target: Target;
}

/** Its history is at the gateway: nothing of it can be taken back. A mode that is unknown may be one. */
export function isSession(target: Target): boolean {
  return target.prompt === undefined && target.mode !== 'COMMON_PREFIX';
}

export function isSameTarget(one: Target, other: Target): boolean {
  return one.prompt === other.prompt && one.contextId === other.contextId;
}

const TITLE_LENGTH = 60;

export function titleFor(question: string): string {
  const line = question.trim().replace(/\s+/g, ' ');
  const letters = [...line];
  return letters.length > TITLE_LENGTH ? `${letters.slice(0, TITLE_LENGTH).join('')}…` : line;
}

/** `crypto.randomUUID` exists only on pages served over HTTPS or from localhost. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join('');
}

export const draftKey = (id: string) => `context-page:draft:${id}`;
/** Where the client package keeps the messages. */
export const messagesKey = (id: string) => `context-chat:${id}`;
