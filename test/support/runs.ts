import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { AnsweredError } from './server.js';

const EVENTS = `
  __typename
  ... on ChatStarted { runId }
  ... on ChatDelta { seq index content reasoningContent finishReason }
  ... on ChatDone { id usage { promptTokens } context { id } }
  ... on ChatFailure { code message retryable }
`;
export const START = `subscription ($input: ChatInput!) { chatStream(input: $input) { ${EVENTS} } }`;
export const RESUME = `subscription ($runId: ID!, $after: Int!) { resumeChat(runId: $runId, after: $after) { ${EVENTS} } }`;
export const RUN = `query ($id: ID!) { chatRun(id: $id) {
  id status model prompt endedAt context { id } usage { promptTokens }
  choices { index message { content reasoningContent } finishReason } failure { code message retryable }
} }`;
export const RUNS = '{ chatRuns { id status } }';
export const STOP =
  'mutation ($id: ID!) { stopChat(runId: $id) { id status choices { message { content } } failure { code } } }';

export type RunEvent = { __typename: string } & Record<string, unknown>;

interface Result {
  data?: Record<string, RunEvent> | null;
  errors?: AnsweredError[];
}

export interface RunClient {
  start(input: object): AsyncIterableIterator<RunEvent>;
  resume(runId: string, after?: number): AsyncIterableIterator<RunEvent>;
  close(): void;
}

/** The event of each result; errors are thrown. */
async function* events(results: AsyncIterable<Result>): AsyncGenerator<RunEvent, void, void> {
  for await (const { data, errors } of results) {
    if (errors?.[0]) throw Object.assign(new Error(errors[0].message), errors[0]);
    yield Object.values(data ?? {})[0] as RunEvent;
  }
}

function clientOf(iterate: (query: string, variables: object) => unknown, close: () => void): RunClient {
  const open = (query: string, variables: object) =>
    events(iterate(query, variables) as AsyncIterable<Result>);
  return {
    start: (input) => open(START, { input: { onDisconnect: 'CONTINUE', ...input } }),
    resume: (runId, after = 0) => open(RESUME, { runId, after }),
    close,
  };
}

/** The clients that frontends use, one for each streaming transport. */
export const RUN_TRANSPORTS: [string, (server: { url: string }, authorization?: string) => RunClient][] = [
  [
    'server-sent events',
    ({ url }, authorization) => {
      const client = createSseClient({
        url,
        headers: authorization ? { authorization } : {},
        retryAttempts: 0,
      });
      return clientOf(
        (query, variables) => client.iterate({ query, variables: { ...variables } }),
        () => client.dispose(),
      );
    },
  ],
  [
    'a WebSocket',
    ({ url }, authorization) => {
      const client = createWsClient({
        url: url.replace('http:', 'ws:'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        ...(authorization !== undefined && { connectionParams: { authorization } }),
      });
      const close = () => void client.dispose();
      return clientOf((query, variables) => client.iterate({ query, variables: { ...variables } }), close);
    },
  ],
];

/** All events until the stream ends. */
export async function allOf(stream: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of stream) all.push(event);
  return all;
}

export function textOf(all: RunEvent[]): string {
  return all.map(({ content }) => content ?? '').join('');
}
