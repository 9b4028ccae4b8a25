/** No library: `fetch` for operations and for streams of server-sent events. */
import {
  ChatDocument,
  ChatStreamDocument,
  CreateContextDocument,
  ResumeChatDocument,
  type TypedDocumentString,
} from 'graphql-context-cache-client';
import {
  type ContextClient,
  CUT_OFF,
  type Position,
  read,
  type StreamResult,
  throwErrors,
} from './conversation.js';

export function createFetchClient(url: string, authorization?: string): ContextClient {
  async function send<TData, TVariables>(
    operation: TypedDocumentString<TData, TVariables>,
    variables: TVariables,
    accept: string,
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const headers = { 'content-type': 'application/json', accept, ...(authorization && { authorization }) };
    const body = JSON.stringify({ query: operation.toString(), variables });
    return fetch(url, { method: 'POST', headers, body, signal });
  }

  async function run<TData, TVariables>(
    operation: TypedDocumentString<TData, TVariables>,
    variables: TVariables,
  ): Promise<TData> {
    const response = await send(operation, variables, 'application/json');
    const { data, errors } = (await response.json()) as Pick<StreamResult, 'errors'> & { data: TData };
    throwErrors(errors);
    return data;
  }

  return {
    createContext: async (input) => (await run(CreateContextDocument, { input })).createContext,
    chat: async (input) => (await run(ChatDocument, { input })).chat,
    async chatStream(input, onText, signal, position) {
      const response = await send(ChatStreamDocument, { input }, 'text/event-stream', signal);
      return follow(response, onText, position);
    },
    async resumeChat(position, onText, signal) {
      const variables = { runId: position.runId, after: position.seq };
      const response = await send(ResumeChatDocument, variables, 'text/event-stream', signal);
      return follow(response, onText, position);
    },
  };

  async function follow(response: Response, onText: (text: string) => void, position?: Position) {
    for await (const result of resultsOf(response)) {
      const done = read(result, onText, position);
      if (done) return done;
    }
    throw CUT_OFF;
  }
}

/** Yields the result of each event; leaving the loop cancels the request. */
async function* resultsOf(response: Response): AsyncGenerator<StreamResult> {
  // The server answers an invalid request with JSON, as a single result.
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return yield (await response.json()) as StreamResult;
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const events = (rest + chunk.value).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const [, data] = /^event: next\n(?:id: .*\n)?data: (.*)$/.exec(event) ?? [];
        if (data) yield JSON.parse(data);
      }
    }
  } finally {
    await reader.cancel();
  }
}
