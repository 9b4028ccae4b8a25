import type { ServerOptions } from '../../src/app.js';
import { TestServer } from './server.js';
import { CREATED, json, StandIn } from './stand-in.js';
import { QUESTION } from './streams.js';

export interface Held {
  ids?: string[];
  model?: string;
  mode?: 'session' | 'common_prefix';
  env?: Record<string, string>;
  options?: ServerOptions;
}

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';

/** Of contexts through the API that is tested. */
export function defaultMode(): 'session' | 'common_prefix' {
  return StandIn.api === 'gemini-context' ? 'common_prefix' : 'session';
}

/** The server in front of this gateway, holding contexts that were created through it. */
export async function serverHolding(gateway: StandIn, held: Held = {}): Promise<TestServer> {
  const server = await TestServer.before(gateway, held.env, held.options);
  await hold(server, gateway, held);
  return server;
}

/** The gateway then knows nothing of having been asked. */
export async function hold(
  server: TestServer,
  gateway: StandIn,
  held: Held = {},
  headers = {},
): Promise<void> {
  const { ids = [QUESTION.contextId], model = QUESTION.model, mode = defaultMode() } = held;
  const { answer } = gateway;
  for (const id of ids) {
    gateway.answer = (response) => json(response, 200, { ...CREATED, id, mode });
    const input = { model, messages: [{ role: 'SYSTEM', content: 'persona' }], mode: mode.toUpperCase() };
    const { errors } = await server.query(CREATE, { input }, headers);
    expect(errors).toEqual([]);
  }
  gateway.answer = answer;
  gateway.seen.length = 0;
}
