import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiName } from '../../src/gateway/apis.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { PromptFiles, promptFile } from './prompts.js';
import { type AnsweredError, NOON, SERVER_KEY, TestServer } from './server.js';
import { StandIn } from './stand-in.js';

export interface ApiCase {
  name: ApiName;
  model: string;
  /** Whether it has sessions, too. */
  hasSessions: boolean;
  expiry: 'SLIDING' | 'FIXED';
  deletable: boolean;
}

/** Every API of the gateway, with a model that it serves. */
export const API_CASES: ApiCase[] = [
  { name: 'context', model: 'Doubao-1.5-pro-32k', hasSessions: true, expiry: 'SLIDING', deletable: false },
  {
    name: 'gemini-context',
    model: 'gemini-2.5-flash',
    hasSessions: false,
    expiry: 'SLIDING',
    deletable: false,
  },
  { name: 'responses', model: 'doubao-seed-1-6-251015', hasSessions: true, expiry: 'FIXED', deletable: true },
];

/** Runs a suite that is written in the words of the Context API once through each of them. */
export function describeThroughEachApi(name: string, suite: (api: ApiCase) => void): void {
  describe.each(API_CASES)(`${name}, through the API $name,`, (api) => {
    beforeAll(() => {
      StandIn.api = api.name;
    });
    afterAll(() => {
      StandIn.api = 'context';
    });
    suite(api);
  });
}

/** Long enough for the cache of any of them. */
export const PERSONA = 'word '.repeat(1_100).trim();

const CREATE = `mutation ($input: CreateContextInput!) {
  createContext(input: $input) { id mode ttl expiry expiresAt reused usage { promptTokens } }
}`;
const CHAT = `mutation ($input: ChatInput!) { chat(input: $input) {
  choices { message { content } finishReason }
  usage { promptTokens completionTokens promptTokensDetails { cachedTokens } }
  context { id expiresAt totals { chats } }
  cache { status }
} }`;

const MODELS = '{ models { id cache { modes expiry minTtl maxTtl minPromptTokens deletable } } }';

export interface Capabilities {
  modes: string[];
  expiry: string;
  minTtl: number | null;
  maxTtl: number | null;
  minPromptTokens: number | null;
  deletable: boolean;
}

export interface Created {
  id: string;
  mode: string;
  ttl: number;
  expiry: string;
  expiresAt: string;
  reused: boolean;
  usage: { promptTokens: number };
}

export interface Answer {
  choices: { message: { content: string }; finishReason: string }[];
  usage: {
    promptTokens: number;
    completionTokens: number;
    promptTokensDetails: { cachedTokens: number };
  };
  context: { id: string; expiresAt: string; totals: { chats: number } } | null;
  cache: { status: string };
}

/** Servers on one store, in front of the sandbox with one of its APIs. */
export class ApiWorld implements AsyncDisposable {
  time = NOON;
  sandbox!: Sandbox;
  readonly servers: TestServer[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'api-'));
  private readonly prompts: PromptFiles;

  private constructor(
    readonly api: ApiCase,
    private readonly env: Record<string, string>,
  ) {
    this.prompts = new PromptFiles({
      'support.md': promptFile({ model: api.model, keepWarm: true }, PERSONA),
    });
    writeFileSync(this.modelsPath, 'currency: CNY\nmodels:\n  doubao-seed-*:\n    api: responses\n');
  }

  static async start(api: ApiCase, env: Record<string, string> = {}, servers = 1): Promise<ApiWorld> {
    const world = new ApiWorld(api, env);
    world.sandbox = await startSandbox({ now: () => world.time, chunkMs: 0, apiKey: SERVER_KEY });
    for (let index = 0; index < servers; index++) world.servers.push(await world.serve());
    return world;
  }

  get server(): TestServer {
    return this.servers[0] as TestServer;
  }

  /** What the server says of its model's cache. */
  async capabilities(): Promise<Capabilities> {
    const { data } = await this.server.query<{ models: { id: string; cache: Capabilities }[] }>(MODELS);
    return data.models.find(({ id }) => id === this.api.model)?.cache as Capabilities;
  }

  async create(change: object = {}, at = this.server, headers = {}): Promise<Created> {
    const { data, errors } = await this.askToCreate(change, at, headers);
    expect(errors).toEqual([]);
    return data.createContext;
  }

  /** The extensions of the error. */
  async refusedCreation(change: object): Promise<AnsweredError['extensions']> {
    const { errors } = await this.askToCreate(change);
    expect(errors).toHaveLength(1);
    return (errors[0] as AnsweredError).extensions;
  }

  /** Answers with the errors, too. */
  ask(input: object, at = this.server, headers = {}) {
    return at.query<{ chat: Answer }>(CHAT, { input }, headers);
  }

  async chat(contextId: string, content: string, change: object = {}, at = this.server): Promise<Answer> {
    const messages = [{ role: 'USER', content }];
    const { data, errors } = await this.ask({ contextId, messages, ...change }, at);
    expect(errors).toEqual([]);
    return data.chat;
  }

  async restart(index = 0): Promise<void> {
    await this.servers[index]?.[Symbol.asyncDispose]();
    this.servers[index] = await this.serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
    await this.sandbox.close();
    this.prompts[Symbol.dispose]();
    rmSync(this.folder, { recursive: true });
  }

  private askToCreate(change: object, at = this.server, headers = {}) {
    const input = { model: this.api.model, messages: [{ role: 'SYSTEM', content: PERSONA }], ...change };
    return at.query<{ createContext: Created }>(CREATE, { input }, headers);
  }

  private get modelsPath(): string {
    return join(this.folder, 'models.yaml');
  }

  private async serve(): Promise<TestServer> {
    const storeUrl = `sqlite:${join(this.folder, 'contexts.db')}`;
    const env = { STORE_URL: storeUrl, MODELS: this.modelsPath, ...this.prompts.env, ...this.env };
    const server = await TestServer.before(this.sandbox, env, { keepWarmEveryMs: 5 });
    server.clock = () => this.time;
    return server;
  }
}
