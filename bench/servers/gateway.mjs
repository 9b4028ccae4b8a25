/** A minimal gateway client, shared by the raw programs and the peers so that only the servers differ. */

import { Pool } from 'undici';

const { origin, pathname } = new URL(process.env.GATEWAY_URL);
const pool = new Pool(origin, { connections: null });

/** @param {string} path @param {object} body */
export function post(path, body) {
  return pool.request({
    method: 'POST',
    path: pathname + path,
    headers: {
      authorization: `Bearer ${process.env.GATEWAY_API_KEY}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(body),
  });
}

/** createContext, with input and result in GraphQL's spelling. */
export async function createContext({ model, messages, mode, ttl }) {
  const { body } = await post('/context/create', {
    model,
    messages: messages.map(toMessage),
    mode: mode?.toLowerCase(),
    ttl,
  });
  const context = await body.json();
  const createdAt = Date.now();
  const { truncation_strategy: strategy, usage } = context;
  return {
    id: context.id,
    model: context.model ?? model,
    mode: context.mode.toUpperCase(),
    ttl: context.ttl,
    truncationStrategy: {
      type: strategy.type.toUpperCase(),
      rollingTokens: strategy.rolling_tokens,
    },
    usage: {
      promptTokens: usage.prompt_tokens,
      completionTokens: usage.completion_tokens,
      totalTokens: usage.total_tokens,
      promptTokensDetails: { cachedTokens: usage.prompt_tokens_details.cached_tokens },
    },
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(createdAt + context.ttl * 1_000).toISOString(),
    reused: false,
  };
}

export function toMessage({ role, content }) {
  return { role: role?.toLowerCase(), content };
}
