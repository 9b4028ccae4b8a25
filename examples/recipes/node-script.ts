/**
 * npm install graphql-context-cache-client ws
 * node node-script.js http://127.0.0.1:4000/graphql 'Where is my parcel?' 'May I send it back?'
 *
 * Asks all questions in parallel about one common prefix; all streams share one WebSocket. GRAPHQL_AUTHORIZATION is the
 * credential, if the server needs one. Ctrl-C aborts the streams and their upstream requests.
 */
import {
  ContextCacheError,
  type CreateContextInput,
  createContextCacheClient,
} from 'graphql-context-cache-client';
import WebSocket from 'ws';

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
const client = createContextCacheClient({
  url,
  headers: authorization === undefined ? {} : { authorization },
  transport: 'websocket',
  // Node has one of its own from version 22 on.
  WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
});
const controller = new AbortController();
const { signal } = controller;
process.once('SIGINT', () => controller.abort());

const answers = await Promise.allSettled(questions.map(answer));
for (const [index, settled] of answers.entries()) {
  console.log(`> ${questions[index]}`);
  if (settled.status === 'fulfilled') console.log(settled.value);
  else complain(settled.reason);
}

async function answer(question: string): Promise<string> {
  const { id: contextId } = await client.createContext(PREFIX, { signal });
  const input = { contextId, messages: [{ role: 'USER' as const, content: question }] };
  let text = '';
  for await (const event of client.stream(input, { signal })) {
    if (event.__typename === 'ChatDelta') text += event.content ?? '';
    if (event.__typename !== 'ChatDone') continue;
    const { usage } = event;
    text += `\n(${usage?.promptTokensDetails?.cachedTokens ?? 0} of ${usage?.promptTokens} prompt tokens from the cache)`;
  }
  return text;
}

function complain(reason: unknown): void {
  process.exitCode = 1;
  if (reason instanceof ContextCacheError) console.error(`${reason.code}: ${reason.message}`);
  else console.error(signal.aborted ? 'You ended it.' : reason);
}
