/**
 * npm install graphql-context-cache-client
 *
 * The client without a library: what docs/recipes.md quotes.
 */
import {
  type ChatInput,
  type ContextCacheClient,
  ContextCacheError,
  ContextsDocument,
  type CreateContextInput,
  createContextCacheClient,
} from 'graphql-context-cache-client';

/** `token`: called for each request and connection. */
export function connect(url: string, token: () => Promise<string>): ContextCacheClient {
  return createContextCacheClient({
    url,
    headers: async () => ({ authorization: `Bearer ${await token()}` }),
    transport: 'websocket',
  });
}

/** Shows an answer that survives a lost connection; returns its run, which `stop` ends and other tabs can watch. */
export async function showAnswer(client: ContextCacheClient, input: ChatInput, show: (text: string) => void) {
  let runId = '';
  for await (const event of client.stream({ ...input, onDisconnect: 'CONTINUE' })) {
    if (event.__typename === 'ChatStarted') runId = event.runId;
    if (event.__typename === 'ChatDelta') show(event.content ?? '');
  }
  return runId;
}

export async function showAgain(client: ContextCacheClient, runId: string): Promise<string> {
  return client.resume(runId).text();
}

/** A conversation in a context. */
export class Conversation {
  private contextId: string | undefined;

  constructor(
    private readonly client: ContextCacheClient,
    private readonly beginning: CreateContextInput,
  ) {}

  /** Handles the two errors that a program can handle, once; all others are for the user. */
  async ask(content: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.tryToAsk(content, signal);
    } catch (error) {
      if (!(error instanceof ContextCacheError)) throw error;
      if (error.code === 'CONTEXT_NOT_FOUND') this.contextId = undefined;
      else if (error.code === 'RATE_LIMITED') await seconds(error.retryAfter ?? 1);
      else throw error;
      return this.tryToAsk(content, signal);
    }
  }

  private async tryToAsk(content: string, signal: AbortSignal): Promise<string> {
    this.contextId ??= (await this.client.createContext(this.beginning, { signal })).id;
    const input = { contextId: this.contextId, messages: [{ role: 'USER' as const, content }] };
    return this.client.stream(input, { signal }).text();
  }
}

/** Runs a document of the package, or of your own codegen. */
export async function hitRates(client: ContextCacheClient): Promise<(number | null | undefined)[]> {
  const { contexts } = await client.request(ContextsDocument, { first: 20 });
  return contexts.edges.map(({ node }) => node.totals.cacheHitRate);
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
