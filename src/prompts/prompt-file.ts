import { createHash } from 'node:crypto';
import type { AuthMode } from '../config/config.js';
import { ttlProblem } from '../contexts/creation/model-rules.js';
import { CreateContextInput, MessageInput } from '../contexts/input.js';
import { canonical } from '../contexts/keys.js';
import type { CacheCapabilities } from '../gateway/caching-api.js';
import { ContextMode, type Message, MessageRole, type NewContext } from '../gateway/types.js';
import { Count, Penalty, StopTexts, Temperature, TopP } from '../input/chat-rules.js';
import { type Kinds, YamlSource } from '../input/yaml-source.js';
import { MIN_USEFUL_TTL } from '../pricing/advice.js';

/** A prompt as its file declares it. */
export interface PromptDefinition {
  /** The file's name without its extension. */
  name: string;
  /** The first 12 hexadecimal digits of the SHA-256 of its model, ttl and messages. */
  version: string;
  title: string | null;
  description: string | null;
  /** null: every caller may use it. */
  roles: readonly string[] | null;
  /** What the gateway is asked to create. */
  context: NewContext;
  /** Defaults for chats that leave them out. */
  parameters: Omit<PromptParameters, 'maxTokensLimit'>;
  /** The largest `maxTokens` that a caller may ask for; null: no limit. */
  maxTokensLimit: number | null;
  allowSystemMessages: boolean;
  keepWarm: boolean;
}

export interface PromptFileOptions {
  /** Decides whether callers have roles and whether the server has a key to keep contexts warm with. */
  authMode: AuthMode;
  /** Says what can be done for a model. */
  models: { capabilitiesOf(model: string): CacheCapabilities };
}

const KEYS: Kinds = {
  model: 'string',
  ttl: 'integer',
  title: 'string',
  description: 'string',
  roles: 'strings',
  parameters: 'map',
  allowSystemMessages: 'boolean',
  keepWarm: 'boolean',
};
const PARAMETERS: Kinds = {
  temperature: 'number',
  topP: 'number',
  n: 'integer',
  maxTokens: 'integer',
  maxTokensLimit: 'integer',
  stop: 'strings',
  presencePenalty: 'number',
  frequencyPenalty: 'number',
};
const MESSAGE: Kinds = { role: 'string', content: 'string' };
/** Seconds. A context with a shorter ttl would have to be renewed every few minutes. */
const MIN_WARM_TTL = 600;

/** With the rules of a chat's input. */
class PromptParameters {
  @Temperature() temperature?: number;
  @TopP() topP?: number;
  @Count() n?: number;
  @Count() maxTokens?: number;
  @Count() maxTokensLimit?: number;
  @StopTexts() stop?: string[];
  @Penalty() presencePenalty?: number;
  @Penalty() frequencyPenalty?: number;
}

/** The keys of a file once their types have been checked. */
interface FileContent {
  model: string;
  ttl?: number;
  title?: string;
  description?: string;
  roles?: string[];
  parameters?: PromptParameters;
  allowSystemMessages?: boolean;
  keepWarm?: boolean;
  messages?: unknown[];
}

/** Reads the text of `name.md`, `name.yaml` or `name.yml`; returns the prompt, or all its problems, each with file and line. */
export function readPromptFile(
  file: string,
  text: string,
  { authMode, models }: PromptFileOptions,
): PromptDefinition | string[] {
  const isMarkdown = file.endsWith('.md');
  const parts = isMarkdown ? splitFrontMatter(text) : { yaml: text, firstLine: 1, body: undefined };
  if (!parts) return [`${file}:1 must begin with YAML front matter between two lines of ---`];
  const source = new YamlSource(file, parts.yaml, parts.firstLine);
  const content = readContent(source, isMarkdown ? KEYS : { ...KEYS, messages: 'list' });
  if (!content) return source.problems;
  const messages =
    parts.body === undefined ? readMessages(source, content) : systemMessage(source, parts.body);
  if (source.problems.length > 0) return source.problems;
  const prompt = toDefinition(nameOf(file), content, messages);
  checkInputs(source, content, prompt);
  checkTtl(source, prompt, models.capabilitiesOf(prompt.context.model));
  checkAccess(source, prompt, authMode);
  return source.problems.length > 0 ? source.problems : prompt;
}

function splitFrontMatter(text: string) {
  const [whole, yaml = ''] = /^---[ \t]*\r?\n([\s\S]*?\r?\n)?---[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return { yaml, firstLine: 2, body: text.slice(whole.length).trim() };
}

function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[a-z]+$/, '');
}

function readContent(source: YamlSource, keys: Kinds): FileContent | undefined {
  if (source.problems.length > 0) return undefined;
  if (!source.isMap([])) {
    source.report([], 'must hold keys and values, at least `model`');
    return undefined;
  }
  source.checkKeys([], keys);
  if (source.isMap(['parameters'])) source.checkKeys(['parameters'], PARAMETERS);
  if (!source.has(['model'])) source.report([], 'must name a `model`');
  return source.problems.length > 0 ? undefined : (source.value() as FileContent);
}

function systemMessage(source: YamlSource, content: string): Message[] {
  if (content === '') source.report([], 'must have a text below its front matter');
  return [{ role: MessageRole.SYSTEM, content }];
}

function readMessages(source: YamlSource, { messages = [] }: FileContent): Message[] {
  if (messages.length === 0) source.report(['messages'], 'must hold at least one message');
  return messages.map((message, index) => {
    const path = ['messages', index];
    if (!source.isMap(path)) {
      source.report(path, 'must be a map with a role and a content');
      return {};
    }
    source.checkKeys(path, MESSAGE);
    return toMessage(source, message as { role?: unknown; content?: string }, path);
  });
}

function toMessage(
  source: YamlSource,
  { role, content }: { role?: unknown; content?: string },
  path: (string | number)[],
): Message {
  const known = Object.values(MessageRole).find((one) => one === String(role).toUpperCase());
  if (!known) source.report([...path, 'role'], 'must be system, user or assistant');
  if (!source.has([...path, 'content'])) source.report(path, 'must have a content');
  return { role: known ?? null, content: content ?? null };
}

function toDefinition(name: string, content: FileContent, messages: Message[]): PromptDefinition {
  const { model, ttl, title, description, roles, allowSystemMessages = false, keepWarm = false } = content;
  const { maxTokensLimit, ...parameters } = content.parameters ?? {};
  const context = { model, messages, mode: ContextMode.COMMON_PREFIX, ...(ttl !== undefined && { ttl }) };
  return {
    name,
    version: versionOf(context),
    title: title ?? null,
    description: description ?? null,
    roles: roles ?? null,
    context,
    parameters,
    maxTokensLimit: maxTokensLimit ?? null,
    allowSystemMessages,
    keepWarm,
  };
}

function versionOf({ model, ttl, messages }: NewContext): string {
  const content = JSON.stringify([model, ttl ?? null, canonical(messages)]);
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}

/** The rules of `createContext` and `chat` hold here, too. */
function checkInputs(source: YamlSource, content: FileContent, { context }: PromptDefinition): void {
  const messages = context.messages.map((message) => Object.assign(new MessageInput(), message));
  source.validate([], Object.assign(new CreateContextInput(), context, { messages }));
  const parameters = Object.assign(new PromptParameters(), content.parameters);
  source.validate(['parameters'], parameters);
  const { maxTokens, maxTokensLimit = Number.POSITIVE_INFINITY } = parameters;
  if (Number(maxTokens) > maxTokensLimit)
    source.report(['parameters', 'maxTokens'], 'must be at most maxTokensLimit');
}

function checkTtl(
  source: YamlSource,
  { context: { ttl }, keepWarm }: PromptDefinition,
  capabilities: CacheCapabilities,
): void {
  // A gateway that does not state its ttl leaves the server without a time to renew the context by.
  if (keepWarm && ttl === undefined)
    source.report(['keepWarm'], `needs a \`ttl\`, of at least ${MIN_WARM_TTL} seconds`);
  // The rules of `createContext` have reported it.
  if (ttl == null || ttl < 1) return;
  const minTtl = Math.max(MIN_USEFUL_TTL, capabilities.minTtl ?? 0);
  const problem = ttlProblem(ttl, { ...capabilities, minTtl });
  if (problem) source.report(['ttl'], problem);
  if (keepWarm && ttl < MIN_WARM_TTL)
    source.report(['ttl'], `must be at least ${MIN_WARM_TTL} seconds with keepWarm`);
}

function checkAccess(source: YamlSource, { roles, keepWarm }: PromptDefinition, authMode: AuthMode): void {
  if (roles && authMode !== 'jwt')
    source.report(['roles'], 'needs AUTH_MODE=jwt: other callers have no roles');
  if (roles && (roles.length === 0 || roles.some((role) => role.trim() === '')))
    source.report(
      ['roles'],
      'must name at least one role, none of them blank; omit it to allow every caller',
    );
  if (keepWarm && authMode === 'passthrough')
    source.report(['keepWarm'], 'needs the server’s own key, which AUTH_MODE=passthrough does not use');
}
