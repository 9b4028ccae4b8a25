import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Big from 'big.js';
import { pino } from 'pino';
import { addAmounts, amountsOf, spentOf } from '../../src/pricing/money-report.js';
import { LEDGER_DIGITS, type SandboxPrices } from '../../src/sandbox/ledger.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { openStore } from '../../src/store/open-store.js';
import { eventually } from './eventually.js';
import { PromptFiles, promptFile } from './prompts.js';
import { NOON, SERVER_KEY, TestServer } from './server.js';
import { TRANSPORTS } from './streams.js';
import { bearer, JWT } from './tokens.js';

const TIERS = [
  { upTo: 64, input: '.8', cachedInput: '0.16', cacheWrite: '0.9', output: '2', storagePerHour: '0.017' },
  { input: '.25', cachedInput: '0.125', cacheWrite: '1.4', output: '10.01', storagePerHour: '4.5' },
] as const;
const SEED = 'doubao-seed-1-6-251015';
const PRICED = ['Doubao-1.5-pro-32k', 'gemini-2.5-flash', SEED];
const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { usage { promptTokens } } }';
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const PROMPT = '{ prompt(name: "support") { cache { state expiresAt } } }';
const PRICES = '{ models { id prices { input } } }';
const LONG_LIFE = { exp: NOON / 1_000 + 1_000 * 86_400 };

export type MoneyByModel = Record<string, { spent: string; storage: string }>;

/** What a store has. */
export async function bookedIn(url: string, now: number): Promise<MoneyByModel> {
  const store = openStore(url, pino({ level: 'silent' }));
  await eventually(store.isReachable);
  const callers = await store.spenders(0, now, 1_000, '');
  const rows = (await Promise.all(callers.map((caller) => store.spending(caller, 0, now)))).flat();
  await store.close();
  const models = [...new Set(rows.map(({ model }) => model))];
  return Object.fromEntries(
    models.map((model) => {
      const all = rows.filter((row) => row.model === model).map(amountsOf);
      const sum = all.reduce(addAmounts);
      return [model, { spent: spentOf(sum).toFixed(), storage: sum.storage.toFixed() }];
    }),
  );
}

export function billedBy({ ledger }: Sandbox): MoneyByModel {
  const decimal = (amount: bigint) => Big(String(amount)).times(Big(10).pow(-LEDGER_DIGITS)).toFixed();
  return Object.fromEntries(
    ledger.lines.map(({ model, spent, storage }) => [
      model,
      { spent: decimal(spent), storage: decimal(storage) },
    ]),
  );
}

/** Servers on one store, callers, and a sandbox that bills them; one clock for all of them. */
export class MoneyWorld implements AsyncDisposable {
  private time = NOON;
  private priceChanges = 0;
  private lookUps = 0;
  private readonly folder = mkdtempSync(join(tmpdir(), 'money-'));
  private readonly prompts = new PromptFiles({ 'support.md': promptFile({ keepWarm: true }) });
  private readonly contexts: { id: string; caller: string; model: string }[] = [];
  private servers: TestServer[] = [];
  private sandbox!: Sandbox;

  private constructor(private readonly storeUrl: string) {}

  static async start(storeUrl?: string): Promise<MoneyWorld> {
    const world = new MoneyWorld(storeUrl ?? '');
    world.sandbox = await startSandbox({
      ...{ now: () => world.time, chunkMs: 0, chunkUsage: true, apiKey: SERVER_KEY },
      priceOf: (model, promptTokens) => world.priceOf(model, promptTokens),
    });
    world.writePrices();
    for (let index = 0; index < 2; index++) world.servers.push(await world.serve());
    return world;
  }

  async advance(ms: number): Promise<void> {
    this.time += ms;
    await this.waitUntilWarm();
  }

  /** To the very end of a started hour of the first context, or a millisecond beyond. */
  async advanceToHour(beyond: number): Promise<void> {
    const hour = 3_600_000;
    await this.advance(hour - ((this.time - NOON) % hour) + beyond);
  }

  /** To shortly before the prompt's context expires, when it is renewed. */
  async advanceToRenewal(): Promise<void> {
    const { state, expiresAt } = await this.promptCache();
    if (state === 'WARM') await this.advance(Math.max(0, Date.parse(expiresAt ?? '') - 240_000 - this.time));
  }

  async create(server: number, caller: string, input: { model: string }): Promise<void> {
    const { data } = await this.at(server).query<{ createContext: { id: string } | null }>(
      CREATE,
      { input },
      this.headers(caller),
    );
    const id = data.createContext?.id;
    if (id !== undefined) this.contexts.push({ id, caller, model: input.model });
  }

  async chat(server: number, context: number, content: string): Promise<void> {
    const found = this.contextAt(context);
    if (!found) return;
    const input = { contextId: found.id, messages: [{ role: 'USER', content }] };
    await this.at(server).query(CHAT, { input }, this.headers(found.caller));
  }

  async chatByName(server: number, caller: string, content: string): Promise<void> {
    const input = { prompt: 'support', messages: [{ role: 'USER', content }] };
    await this.at(server).query(CHAT, { input }, this.headers(caller));
  }

  /** Reads so many deltas and leaves; resolves once both sides have counted what there was. */
  async cancelStream(server: number, transport: number, context: number, deltas: number): Promise<void> {
    const found = this.contextAt(context);
    // The Responses API counts at the end only, so what is cancelled can only be estimated.
    if (!found || found.model === SEED) return;
    const countedTokens = async () => {
      const data = await this.reportOf(found.caller, '{ cacheReport { totals { promptTokens } } }');
      return (data as { cacheReport: { totals: { promptTokens: number } } }).cacheReport.totals.promptTokens;
    };
    const [before, lookUps] = [await countedTokens(), this.lookUps];
    this.sandbox.faults = { stallAfterEvents: deltas };
    const [, connect] = TRANSPORTS[transport % TRANSPORTS.length] ?? [];
    const client = connect?.(this.at(server), this.headers(found.caller).authorization);
    const input = { contextId: found.id, messages: [{ role: 'USER', content: 'tell me a long story' }] };
    const events = client?.open(input);
    let isOpen = false;
    for (let seen = 0; seen < deltas; seen++) {
      const next = await events?.next();
      if (!next || next.done || next.value.errors) break;
      isOpen = true;
    }
    await events?.return?.();
    client?.close();
    this.sandbox.faults = {};
    if (!isOpen) return;
    // The sandbox has looked for prices when the stream began and when it ended.
    await eventually(async () => this.lookUps >= lookUps + 2 && (await countedTokens()) > before);
  }

  async forget(server: number, context: number): Promise<void> {
    const found = this.contextAt(context);
    if (found) await this.at(server).query(FORGET, { id: found.id }, this.headers(found.caller));
  }

  async restart(server: number): Promise<void> {
    const index = server % this.servers.length;
    await this.at(server)[Symbol.asyncDispose]();
    this.servers[index] = await this.serve();
  }

  async changePrices(): Promise<void> {
    this.priceChanges++;
    const wanted = this.priceOf('Doubao-1.5-pro-32k', 1)?.input;
    this.writePrices();
    for (const server of this.servers) {
      await eventually(async () => {
        const { data } = await server.query<{ models: { id: string; prices: { input: string } | null }[] }>(
          PRICES,
          {},
          this.headers('alice'),
        );
        return data.models.find(({ id }) => id === 'Doubao-1.5-pro-32k')?.prices?.input === wanted;
      });
    }
  }

  /** Answers every field of the report; the servers must be running. */
  async reportOf(caller: string, query: string): Promise<unknown> {
    return (await this.at(0).query(query, {}, this.headers(caller))).data;
  }

  async stopServers(): Promise<void> {
    for (const server of this.servers.splice(0)) await server[Symbol.asyncDispose]();
  }

  /** What the store has; the servers must have stopped. */
  booked(): Promise<MoneyByModel> {
    return bookedIn(this.url, this.time);
  }

  billed(): MoneyByModel {
    return billedBy(this.sandbox);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopServers();
    await this.sandbox.close();
    this.prompts[Symbol.dispose]();
    rmSync(this.folder, { recursive: true });
  }

  private get url(): string {
    return this.storeUrl || `sqlite:${join(this.folder, 'contexts.db')}`;
  }

  private at(server: number): TestServer {
    return this.servers[server % this.servers.length] as TestServer;
  }

  private contextAt(index: number) {
    return this.contexts.length === 0 ? undefined : this.contexts[index % this.contexts.length];
  }

  private headers(caller: string) {
    return bearer(caller, LONG_LIFE);
  }

  private async serve(): Promise<TestServer> {
    const env = {
      ...{ ...JWT, REUSE_SCOPE: 'everyone', STORE_URL: this.url, KEEP_WARM_TOKENS_PER_DAY: '1000000' },
      ...{ ...this.prompts.env, MODELS: join(this.folder, 'models.yaml') },
    };
    const server = await TestServer.before(this.sandbox, env, { keepWarmEveryMs: 2 });
    server.clock = () => this.time;
    return server;
  }

  /** So that no renewal runs while the clock moves. */
  private async waitUntilWarm(): Promise<void> {
    const isDue = async () => {
      const { state, expiresAt } = await this.promptCache();
      return state === 'WARM' && Date.parse(expiresAt ?? '') - this.time <= 300_000;
    };
    await eventually(async () => !(await isDue()));
  }

  private async promptCache() {
    const { data } = await this.at(0).query<{
      prompt: { cache: { state: string; expiresAt: string | null } };
    }>(PROMPT, {}, this.headers('alice'));
    return data.prompt.cache;
  }

  private priceOf(model: string, promptTokens: number): SandboxPrices | null {
    this.lookUps++;
    if (!PRICED.includes(model)) return null;
    const tier = TIERS.find((each) => !('upTo' in each) || promptTokens <= each.upTo) ?? TIERS[1];
    const { input, ...others } = tier;
    return { currency: 'CNY', ...others, input: `${this.priceChanges}${input}` };
  }

  private writePrices(): void {
    const tiers = TIERS.map((tier) => ({
      ...tier,
      input: this.priceOf(PRICED[0] as string, 'upTo' in tier ? tier.upTo : 1_000_000)?.input,
    }));
    const lines = tiers.map(
      (tier) =>
        `      - { ${Object.entries(tier)
          .map(([key, value]) => `${key}: ${value}`)
          .join(', ')} }`,
    );
    const models = PRICED.map(
      (model) =>
        `  ${model}:\n${model === SEED ? '    api: responses\n' : ''}    tiers:\n${lines.join('\n')}`,
    );
    writeFileSync(join(this.folder, 'models.yaml'), `currency: CNY\nmodels:\n${models.join('\n')}\n`);
  }
}
