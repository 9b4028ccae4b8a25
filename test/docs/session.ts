import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DocumentNode, parse } from 'graphql';
import { pino } from 'pino';
import { openStore } from '../../src/store/open-store.js';
import { TestServer } from '../support/server.js';
import { asShown, type Learnt, withLearnt } from './answers.js';
import { NOT_RUN } from './not-run.js';
import { Program } from './program.js';
import { scriptsOf } from './scripts.js';
import type { Step } from './steps.js';

const SERVER = 'http://127.0.0.1:4000';
const SANDBOX = 'http://127.0.0.1:4100';
/** `NAME=value ... npm start` or `npm run NAME -- ...` */
const NPM = /^(?<settings>(?:[A-Z_]+=\S+ )*)npm (?:run )?(?<script>start|sandbox)(?: -- (?<args>.*))?$/;

/** A reader who does all that one document says, from its first line to its last. */
export class Session implements AsyncDisposable {
  private readonly learnt: Learnt = new Map();
  /** Of the reader's shell. */
  private readonly variables: Record<string, string> = {};
  private server: TestServer | undefined;
  private sandbox: Program | undefined;

  async follow(step: Step): Promise<void> {
    const printed = step.kind === 'command' ? await this.run(step.text) : await this.execute(step);
    const { answer } = step;
    const at = { step: step.text };
    if (answer && 'text' in answer) {
      // Comments of an event stream may come at any time.
      const text = printed?.replaceAll(/^:.*\n\n?/gm, '').trim();
      expect({ ...at, text }).toEqual({ ...at, text: withLearnt(answer.text, this.learnt) });
    } else if (answer) {
      const came = asShown(parseJson(printed), answer.json, this.learnt);
      expect({ ...at, came }).toEqual({ ...at, came: answer.json });
    } else if (printed !== undefined) {
      expect({ ...at, printed }).toEqual({ ...at, printed: expect.not.stringContaining('"errors"') });
    }
  }

  /** What it prints; undefined where it only starts something or is not run. */
  private async run(command: string): Promise<string | undefined> {
    const variable = /^(\w+)=\$\(/.exec(command)?.[1];
    if (variable) {
      this.variables[variable] = await this.runInShell(`${command}\nprintf %s "$${variable}"`);
      return undefined;
    }
    if (/^(curl|echo) /.test(command)) return this.runInShell(command);
    const npm = NPM.exec(command)?.groups;
    if (npm) {
      await this.start(npm.script ?? '', npm.args?.split(' ') ?? [], settingsIn(npm.settings ?? ''));
      return undefined;
    }
    const report = /^npx graphql-context-cache (report .*)$/.exec(command)?.[1];
    if (report) return reportOfNothing(report.split(' '));
    for (const { command: pattern, problem } of NOT_RUN) {
      const match = pattern.exec(command);
      if (!match) continue;
      expect({ command, problem: problem(match.groups ?? {}) }).toEqual({ command, problem: undefined });
      return undefined;
    }
    throw new Error(`neither Session nor NOT_RUN knows the command: ${command}`);
  }

  private async runInShell(command: string): Promise<string> {
    let here = withLearnt(command, this.learnt);
    if (here.includes(SERVER)) here = here.replaceAll(SERVER, await this.serverOrigin());
    if (this.sandbox) here = here.replaceAll(SANDBOX, this.sandbox.origin);
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here], {
      env: { ...process.env, ...this.variables },
      timeout: 20_000,
    });
    return stdout;
  }

  /** What the script starts goes on until the next one is started in its place. */
  private async start(script: string, args: string[], settings: Record<string, string>): Promise<void> {
    if (script === 'sandbox') {
      const program = scriptsOf('.')[script]?.replace('node ', '') ?? '';
      const port = args.indexOf('--port');
      if (port === -1) args.push('--port', '0');
      else args[port + 1] = '0';
      await this.sandbox?.[Symbol.asyncDispose]();
      this.sandbox = await Program.start(program, args, settings);
      return;
    }
    const started = await TestServer.start(settings);
    if (isBeforeTheSandbox(settings)) {
      await this.server?.[Symbol.asyncDispose]();
      this.server = started;
      return;
    }
    // Before a real gateway nothing can be asked here but whether the server stands.
    await using real = started;
    expect((await fetch(`${real.origin}/readyz`)).status).toBe(200);
  }

  private async execute({ text, variables }: Step): Promise<string> {
    const query = withLearnt(text, this.learnt);
    const document = parse(query);
    const given = variables
      ? JSON.parse(withLearnt(JSON.stringify(variables), this.learnt))
      : await this.variablesFor(document);
    const isStream = document.definitions.some(
      (one) => one.kind === 'OperationDefinition' && one.operation === 'subscription',
    );
    return this.post(query, given, isStream ? 'text/event-stream' : 'application/json');
  }

  private async post(query: string, variables: object, accept = 'application/json'): Promise<string> {
    const response = await fetch(`${await this.serverOrigin()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query, variables }),
    });
    return response.text();
  }

  /** Where a document shows none: those of the example operations, by the variables' types. */
  private async variablesFor(document: DocumentNode): Promise<Record<string, unknown>> {
    const given: Record<string, unknown> = {};
    for (const definition of document.definitions) {
      if (definition.kind !== 'OperationDefinition') continue;
      for (const { variable, type } of definition.variableDefinitions ?? []) {
        const named = type.kind === 'NonNullType' ? type.type : type;
        const typeName = named.kind === 'NamedType' ? named.name.value : '';
        given[variable.name.value] = await this.example(typeName);
      }
    }
    return given;
  }

  private async example(typeName: string): Promise<unknown> {
    if (typeName === 'CreateContextInput') return exampleInput('1-create-context');
    if (typeName === 'ChatInput') {
      return { ...exampleInput('2-chat'), contextId: await this.contextId() };
    }
    if (typeName === 'ID') return this.contextId();
    if (typeName === 'Int') return 20;
    return undefined;
  }

  private async contextId(): Promise<string> {
    const input = exampleInput('1-create-context');
    const query = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
    return JSON.parse(await this.post(query, { input })).data.createContext.id;
  }

  private async serverOrigin(): Promise<string> {
    // Where the document starts none, it is about one that runs already.
    this.server ??= await TestServer.start();
    return this.server.origin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.[Symbol.asyncDispose]();
    await this.sandbox?.[Symbol.asyncDispose]();
  }
}

/** What the command prints of a store in which nobody has spent anything. */
async function reportOfNothing(args: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const url = `sqlite:${join(folder, 'contexts.db')}`;
  await openStore(url, pino({ level: 'silent' })).close();
  const env = { ...process.env, STORE_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/main.js', ...args], { env });
  rmSync(folder, { recursive: true });
  return stdout;
}

function settingsIn(text: string): Record<string, string> {
  return Object.fromEntries(text.split(' ').flatMap((one) => (one === '' ? [] : [splitOnce(one)])));
}

function splitOnce(setting: string): [string, string] {
  const at = setting.indexOf('=');
  return [setting.slice(0, at), setting.slice(at + 1)];
}

function isBeforeTheSandbox({ GATEWAY_URL, GATEWAY_API_KEY }: Record<string, string>): boolean {
  return GATEWAY_URL === 'sandbox:' || (GATEWAY_URL === undefined && GATEWAY_API_KEY === undefined);
}

function exampleInput(name: string): object {
  return JSON.parse(readFileSync(`schema/operations/${name}.json`, 'utf8')).input;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return { notJson: text };
  }
}
