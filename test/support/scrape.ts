import { beginStream, CHAT_ANSWER, STREAM } from './chat-answers.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.mjs';
import { hold } from './holding.js';
import { PromptFiles, promptFile } from './prompts.js';
import { NOON, TestServer } from './server.js';
import { ServerProcess } from './server-process.js';
import { CREATED, json, StandIn } from './stand-in.js';
import { collect, QUESTION, TRANSPORTS } from './streams.js';

/** By the name of the metric: the labels of each of its series, and what it is. */
export type Scrape = Map<string, { type: string; series: Record<string, string>[] }>;

/** What servers tell that have met every kind of call, failures of the gateway and of the store among them. */
export async function scrapeAfterEverything(): Promise<Scrape> {
  await using gateway = await StandIn.start((response, _, { path, body }) => {
    if (body.includes('please fail')) return json(response, 401, { error: { code: 'AuthenticationError' } });
    if (path.endsWith('/models')) return json(response, 503, {});
    if (path.endsWith('/create')) return json(response, 200, CREATED);
    if (body.includes('"stream":true')) return void beginStream(response).end(STREAM);
    json(response, 200, CHAT_ANSWER);
  });
  using prompts = new PromptFiles({ 'support.md': promptFile({ keepWarm: true }) });
  const env = { ...prompts.env, KEEP_WARM_TOKENS_PER_DAY: '1000', MODELS: 'examples/models.yaml' };
  await using server = await TestServer.before(gateway, env, { keepWarmEveryMs: 5 });
  await hold(server, gateway);
  const ask = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
  await server.query(ask, { input: QUESTION });
  await server.query(ask, { input: { ...QUESTION, messages: [{ content: 'please fail' }] } });
  await server.query('{ models { id } contexts { edges { cursor } } cacheReport { totals { chats } } }');
  const chats = () => gateway.seen.filter(({ path }) => path.endsWith('/completions')).length;
  await server.query(ask, { input: { ...QUESTION, contextId: null, model: null, prompt: 'support' } });
  const before = chats();
  server.clock = () => NOON + 3_500_000;
  await eventually(() => chats() > before);
  const client = TRANSPORTS[0]?.[1](server);
  if (client) await collect(client.open());
  client?.close();

  // Nothing listens there. In a process of its own: ioredis leaves timers behind for each command that could not be sent.
  const storeUrl = `redis://127.0.0.1:${await freePort()}`;
  await using storeless = await ServerProcess.before(gateway, storeUrl);
  await storeless.ask('{ contexts { edges { cursor } } }');

  const texts = await Promise.all(
    [server, storeless].map(async ({ origin }) => (await fetch(`${origin}/metrics`)).text()),
  );
  return read(texts.join('\n'));
}

function read(text: string): Scrape {
  const scrape: Scrape = new Map();
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
  for (const [name, type] of types) scrape.set(name, { type, series: [] });
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const metric = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [
      label,
      value,
    ]);
    scrape.get(metric)?.series.push(Object.fromEntries(pairs));
  }
  return scrape;
}

/** The metric that a series of this name belongs to. */
export function metricOf(scrape: Scrape, name: string): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return !scrape.has(name) && scrape.get(base)?.type === 'histogram' ? base : name;
}
