import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(`../../../schema/operations/${name}`, import.meta.url), 'utf8');

const CREATE = { query: read('1-create-context.graphql'), ...parse('1-create-context.json') };
// graphql-jit, which mercurius uses, ignores the defaults of required input fields.
CREATE.variables.input.reuse = false;
const CHAT = { query: read('2-chat.graphql'), ...parse('2-chat.json') };
const STREAM = { query: read('3-chat-stream.graphql'), ...parse('3-chat-stream.json') };

function parse(name) {
  return { variables: JSON.parse(read(name)) };
}

/** The example operation, its last message extended to a given length. @param {number} [promptBytes] */
export function createContextBody(promptBytes) {
  const { input } = CREATE.variables;
  if (promptBytes === undefined) return JSON.stringify(CREATE);
  const messages = [{ role: 'SYSTEM', content: 'x'.repeat(promptBytes) }];
  return JSON.stringify({ ...CREATE, variables: { input: { ...input, messages } } });
}

/** The example operation on a context that any number of chats can share. */
export function createPrefixBody() {
  const { input } = CREATE.variables;
  return JSON.stringify({ ...CREATE, variables: { input: { ...input, mode: 'COMMON_PREFIX' } } });
}

/** The example operation. @param {string} contextId */
export function chatBody(contextId) {
  return JSON.stringify({ ...CHAT, variables: { input: { ...CHAT.variables.input, contextId } } });
}

/** The same question to a prompt. @param {string} prompt */
export function promptChatBody(prompt) {
  const { contextId: _, model: __, ...input } = CHAT.variables.input;
  return JSON.stringify({ ...CHAT, variables: { input: { ...input, prompt } } });
}

/**
 * The example operation; the question defines the upstream's answer.
 * @param {string} contextId @param {object} script @param {'CANCEL' | 'CONTINUE'} [onDisconnect]
 */
export function chatStreamPayload(contextId, script, onDisconnect) {
  const messages = [{ role: 'USER', content: JSON.stringify(script) }];
  const input = { ...STREAM.variables.input, contextId, messages, ...(onDisconnect && { onDisconnect }) };
  return { ...STREAM, variables: { input } };
}
