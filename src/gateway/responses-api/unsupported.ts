import type { FieldError } from 'graphql-context-cache-client';
import { badUserInput, theModel } from '../../errors.js';
import type { NewChat, NewContext } from '../types.js';

/** What the Responses API does not take. */
const CHAT_FIELDS = ['stop', 'presencePenalty', 'frequencyPenalty', 'logitBias'] as const;

export function refuseUnsupportedContext({ model, truncationStrategy }: NewContext): void {
  refuse(model, truncationStrategy == null ? [] : ['truncationStrategy']);
}

export function refuseUnsupportedChat(chat: NewChat): void {
  const fields = CHAT_FIELDS.filter((field) => chat[field] != null);
  refuse(chat.model, [...fields, ...(chat.n != null && chat.n > 1 ? ['n'] : [])]);
}

/** Throws BAD_USER_INPUT by field. */
function refuse(model: string, names: string[]): void {
  if (names.length === 0) return;
  const message = `is not supported by ${theModel(model)}; leave it out, or use another model`;
  const fields: FieldError[] = names.map((name) => ({ path: ['input', name], message }));
  throw badUserInput(names.map((name) => `input.${name} ${message}`).join('; '), fields);
}
