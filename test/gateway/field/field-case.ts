import type { AnsweredError, TestServer } from '../../support/server.js';
import { collect, TRANSPORTS } from '../../support/streams.js';
import type { Script } from './scripted-gateway.js';

/** A situation that a public report describes, and what is right in it. */
export interface FieldCase {
  situation: string;
  /** The public reports that it stands for. */
  source: string;
  gateway: Script;
  /** What a caller asks of the server, one after the other. */
  asked: Ask[];
  /** What each of them comes to, as far as it matters. */
  right: object[];
  /** How many requests the gateway gets, where that matters. */
  requests?: number;
}

/** Asks the server; `contextId`: of the context that was created last. Resolves with what the field holds, or the error. */
export type Ask = (server: TestServer, contextId: string) => Promise<object>;

const USAGE = 'usage { promptTokens completionTokens totalTokens promptTokensDetails { cachedTokens } }';
const TOTALS = 'totals { chats promptTokens cachedTokens completionTokens cacheHitRate }';
const CREATE = `mutation ($input: CreateContextInput!) { createContext(input: $input) { id ttl expiresAt reused ${USAGE} } }`;
const CHAT = `mutation ($input: ChatInput!) {
  chat(input: $input) {
    created choices { message { content reasoningContent } finishReason } ${USAGE} context { ${TOTALS} }
  }
}`;
const CONTEXT = 'query ($id: ID!) { context(id: $id) { id } }';
const REPORT = `{ cacheReport { ${TOTALS} } }`;
const MODELS = '{ models { id created } }';

const MESSAGES = [{ role: 'SYSTEM', content: 'You are a museum guide.' }];
export const SESSION = { model: 'Doubao-1.5-pro-32k', mode: 'SESSION', ttl: 3_600, messages: MESSAGES };
export const PREFIX = { ...SESSION, mode: 'COMMON_PREFIX' };
export const GEMINI = { model: 'gemini-2.5-flash', ttl: 300, messages: MESSAGES };

const questionTo = (contextId: string, content: string, more: object) => ({
  contextId,
  messages: [{ role: 'USER', content }],
  ...more,
});

export const create =
  (input: object): Ask =>
  (server) =>
    run(server, CREATE, { input });
export const chat =
  (content: string, more: object = {}): Ask =>
  (server, contextId) =>
    run(server, CHAT, { input: questionTo(contextId, content, more) });
export const context: Ask = (server, id) => run(server, CONTEXT, { id });
export const report: Ask = (server) => run(server, REPORT, {});
export const models: Ask = (server) => run(server, MODELS, {});

/** Streamed: the texts joined, the reasons to finish, the last event, and the error of a stream that never began. */
export const stream =
  (content: string, more: object = {}): Ask =>
  async (server, contextId) => {
    const connect = TRANSPORTS[0]?.[1];
    if (!connect) throw new Error('there is no transport');
    const client = connect(server);
    try {
      const { events, errors, text, last } = await collect(client.open(questionTo(contextId, content, more)));
      const reasoning = events.map(({ reasoningContent }) => reasoningContent ?? '').join('');
      const finish = events.map(({ finishReason }) => finishReason).filter(Boolean);
      return { text, reasoning, finish, last, error: errors[0]?.extensions };
    } finally {
      client.close();
    }
  };

async function run(server: TestServer, document: string, variables: object): Promise<object> {
  const { data, errors } = await server.query<Record<string, object> | null>(document, variables);
  return Object.values(data ?? {})[0] ?? { error: shown(errors[0]) };
}

const shown = (error: AnsweredError | undefined) => error && { ...error.extensions, message: error.message };

const HEAD = { id: 'c1', created: 1_732_000_000, model: 'm' };

/** One event of a streamed chat. */
export function chunk(delta: object, finish_reason: string | null = null): object {
  return { ...HEAD, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] };
}

/** A whole chat with one choice. */
export function whole(choice: object, more: object = {}): object {
  return { ...HEAD, object: 'chat.completion', choices: [choice], ...more };
}
