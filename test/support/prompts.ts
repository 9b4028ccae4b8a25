import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginStream, CHAT_ANSWER, STREAM } from './chat-answers.js';
import { type Answer, CREATED, json, type SeenRequest, StandIn } from './stand-in.js';

/** What no output may contain. */
export const CANARY = 'canary-7c1e';

/** A folder of prompt files that is removed at the end of the test. */
export class PromptFiles implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'prompts-'));

  constructor(files: Record<string, string> = { 'support.md': promptFile() }) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  get env() {
    return { PROMPTS: this.folder };
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  remove(name: string): void {
    rmSync(join(this.folder, name));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function promptFile(keys: object = {}, text = `You are a support agent. ${CANARY}`): string {
  const lines = Object.entries({ model: 'Doubao-1.5-pro-32k', ttl: 3_600, ...keys });
  return `---\n${lines.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join('\n')}\n---\n${text}\n`;
}

export interface PromptGateway extends AsyncDisposable {
  readonly standIn: StandIn;
  readonly url: string;
  /** Requests by kind, oldest first. */
  readonly creates: SeenRequest[];
  readonly contextChats: SeenRequest[];
  readonly plainChats: SeenRequest[];
  /** Replaced by tests. */
  onCreate: Answer;
  onChat: Answer;
}

/** A gateway that gives each context an id of its own, and answers chats whole or streamed. */
export async function promptGateway(): Promise<PromptGateway> {
  let created = 0;
  const standIn = await StandIn.start((...asked) =>
    asked[2].path === '/v1/context/create' ? gateway.onCreate(...asked) : gateway.onChat(...asked),
  );
  const seenAt = (path: string) => standIn.seen.filter((request) => request.path === path);
  const gateway: PromptGateway = {
    standIn,
    url: standIn.url,
    get creates() {
      return seenAt('/v1/context/create');
    },
    get contextChats() {
      return seenAt('/v1/context/chat/completions');
    },
    get plainChats() {
      return seenAt('/v1/chat/completions');
    },
    onCreate: (response, _, { body }) => {
      const { mode, ttl } = JSON.parse(body);
      json(response, 200, { ...CREATED, id: `ctx-${++created}`, mode, ttl: ttl ?? 86_400 });
    },
    onChat: (response, _, { body }) => {
      if (JSON.parse(body).stream) beginStream(response).end(STREAM);
      else json(response, 200, CHAT_ANSWER);
    },
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  };
  return gateway;
}

/** Refuses a chat because its context is gone. */
export const LOST: Answer = (response) =>
  json(response, 404, {
    error: { code: 'ContextNotFound', message: 'The context is not found.', type: 'NotFound' },
  });
