/** npm install graphql-context-cache-client */
import { ContextCacheError, createContextCacheClient } from 'graphql-context-cache-client';

const client = createContextCacheClient({ url: 'http://127.0.0.1:4000/graphql' });
const messages = [{ role: 'USER' as const, content: '满多少元免运费？' }];
try {
  for await (const event of client.stream({ prompt: 'support-zh', messages, onDisconnect: 'CONTINUE' })) {
    if (event.__typename === 'ChatDelta') console.log(event.content);
    if (event.__typename === 'ChatDone') console.log(event.usage?.promptTokensDetails?.cachedTokens);
  }
} catch (error) {
  if (error instanceof ContextCacheError) console.error(error.code, error.message, error.retryAfter);
}
