/**
 * node node-script.js http://127.0.0.1:4000/graphql 'Where is my parcel?' 'May I send it back?'
 *
 * Asks all questions in parallel about one common prefix. Queries and mutations use `fetch`, all streams share one WebSocket
 * (`graphql-ws`). GRAPHQL_AUTHORIZATION is the credential, if the server needs one. Ctrl-C aborts the streams and their upstream
 * requests.
 */
import { ChatStreamDocument, type CreateContextInput } from 'graphql-context-cache-client';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import {
  AnswerBroke,
  ContextCacheError,
  type ContextClient,
  Conversation,
  CUT_OFF,
  follow,
  type StreamResult,
} from './conversation.js';
import { createFetchClient } from './fetch.js';

/** With `reuse` the first call creates the context, and all others get the same one. */
const PREFIX: CreateContextInput = {
  model: 'Doubao-1.5-pro-32k',
  messages: [
    { role: 'SYSTEM', content: 'You are the friendly clerk of a parcel shop. Returns are free for 30 days.' },
  ],
  mode: 'COMMON_PREFIX',
  ttl: 3600,
  reuse: true,
};

const [url = 'http://127.0.0.1:4000/graphql', ...questions] = process.argv.slice(2);
const authorization = process.env.GRAPHQL_AUTHORIZATION;
const socket = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  // A retry would send, and bill, the question twice.
  retryAttempts: 0,
});
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

const client: ContextClient = {
  ...createFetchClient(url, authorization),
  chatStream: (input, onText, signal, position) =>
    follow(
      (next, fail) =>
        socket.subscribe(
          { query: ChatStreamDocument.toString(), variables: { input } },
          {
            next: (result) => next(result as StreamResult),
            // GraphQL errors are an array; anything else is a lost connection.
            error: (error) => (Array.isArray(error) ? next({ errors: error }) : fail(error)),
            complete: () => fail(CUT_OFF),
          },
        ),
      onText,
      signal,
      position,
    ),
};

const answers = await Promise.allSettled(questions.map(answer));
for (const [index, settled] of answers.entries()) {
  console.log(`> ${questions[index]}`);
  if (settled.status === 'fulfilled') console.log(settled.value);
  else complain(settled.reason);
}
await socket.dispose();

async function answer(question: string): Promise<string> {
  let text = '';
  const conversation = new Conversation(client, PREFIX);
  const { usage } = await conversation.askStreaming(
    question,
    (piece) => {
      text += piece;
    },
    controller.signal,
  );
  return `${text}\n(${usage?.promptTokensDetails?.cachedTokens ?? 0} of ${usage?.promptTokens} prompt tokens from the cache)`;
}

function complain(reason: unknown): void {
  process.exitCode = 1;
  if (reason instanceof ContextCacheError) console.error(`${reason.extensions.code}: ${reason.message}`);
  else if (reason instanceof AnswerBroke) console.error(`${reason.failure.code}: ${reason.message}`);
  else console.error(controller.signal.aborted ? 'You ended it.' : reason);
}
