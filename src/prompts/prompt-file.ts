import { createHash } from 'node:crypto';
import { isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument, type YAMLMap } from 'yaml';
import { CreateContextInput, MessageInput } from '../contexts/input.js';
import { AppError } from '../errors.js';
import { toCreateContextBody } from '../gateway/context-api/context-mapping.js';
import { isGemini } from '../gateway/context-api/model-families.js';
import { ContextMode, type Message, MessageRole, type NewChat, type NewContext } from '../gateway/types.js';
import { Count, Penalty, StopTexts, Temperature, TopP } from '../input/chat-rules.js';
import { validateInput } from '../input/validation.js';

/** Defaults for what a chat leaves out. */
export type PromptParameters = Pick<
  NewChat,
  'temperature' | 'topP' | 'n' | 'maxTokens' | 'stop' | 'presencePenalty' | 'frequencyPenalty'
>;

/** One prompt, as its file declares it. */
export interface PromptDefinition {
  /** The file's name without its ending. */
  name: string;
  /** The first 12 hexadecimal digits of the SHA-256 of what the gateway is sent to create its context. */
  version: string;
  title: string | null;
  description: string | null;
  /** null: everyone may use it. */
  roles: readonly string[] | null;
  context: NewContext;
  parameters: PromptParameters;
  /** The most that a caller may ask for as `maxTokens`; null: any number. */
  maxTokensLimit: number | null;
  allowSystemMessages: boolean;
  keepWarm: boolean;
}

type Kind = 'text' | 'number' | 'integer' | 'boolean' | 'texts' | 'map' | 'list';

const KEYS: Record<string, Kind> = {
  model: 'text',
  ttl: 'integer',
  title: 'text',
  description: 'text',
  roles: 'texts',
  parameters: 'map',
  allowSystemMessages: 'boolean',
  keepWarm: 'boolean',
};
const PARAMETERS: Record<string, Kind> = {
  temperature: 'number',
  topP: 'number',
  n: 'integer',
  maxTokens: 'integer',
  maxTokensLimit: 'integer',
  stop: 'texts',
  presencePenalty: 'number',
  frequencyPenalty: 'number',
};
const MESSAGE: Record<string, Kind> = { role: 'text', content: 'text' };

const KINDS: Record<Kind, { holds: (value: unknown) => boolean; wanted: string }> = {
  text: { holds: (value) => typeof value === 'string', wanted: 'a text' },
  number: { holds: Number.isFinite, wanted: 'a number' },
  integer: { holds: Number.isSafeInteger, wanted: 'a whole number' },
  boolean: { holds: (value) => typeof value === 'boolean', wanted: 'true or false' },
  texts: {
    holds: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    wanted: 'a list of texts',
  },
  map: {
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    wanted: 'a map of keys and values',
  },
  list: { holds: Array.isArray, wanted: 'a list' },
};

interface FileContent {
  model: string;
  ttl?: number;
  title?: string;
  description?: string;
  roles?: string[];
  parameters?: PromptParameters & { maxTokensLimit?: number };
  allowSystemMessages?: boolean;
  keepWarm?: boolean;
  messages?: { role: string; content: string }[];
}

type Path = readonly (string | number)[];

export interface PromptFileOptions {
  /** Whether callers have roles (AUTH_MODE=jwt), so that a prompt may ask for one. */
  allowRoles: boolean;
  /** Whether the server has a gateway key of its own to keep contexts warm with. */
  allowKeepWarm: boolean;
}

/** Seconds. */
const MIN_WARM_TTL = 600;

/** Reads `name.md` or `name.yaml`; returns the prompt, or every problem as `file:line what to do`. */
export function readPromptFile(
  file: string,
  text: string,
  { allowRoles, allowKeepWarm }: PromptFileOptions,
): PromptDefinition | string[] {
  const isMarkdown = file.endsWith('.md');
  const parts = isMarkdown ? splitFrontMatter(text) : { yaml: text, firstLine: 1, body: undefined };
  if (!parts) return [`${file}:1 must begin with YAML front matter between two lines of ---`];
  const source = new YamlSource(file, parts.yaml, parts.firstLine);
  const content = source.read(isMarkdown ? KEYS : { ...KEYS, messages: 'list' });
  if (!content) return source.problems;
  const messages = parts.body === undefined ? source.readMessages(content) : systemMessage(parts.body);
  if (parts.body !== undefined && parts.body.trim() === '')
    source.report([], 'must have a text below its front matter');
  const prompt = toDefinition(nameOf(file), content, messages);
  if (prompt.roles && !allowRoles)
    source.report(['roles'], 'needs AUTH_MODE=jwt: other callers have no roles');
  if (prompt.keepWarm && !allowKeepWarm)
    source.report(['keepWarm'], 'needs a key of the server: it may not spend the callers’ keys');
  if (source.problems.length === 0) checkRules(prompt, source);
  return source.problems.length > 0 ? source.problems : prompt;
}

function splitFrontMatter(text: string) {
  const [whole, yaml] = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?\r?\n)?---[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return { yaml: yaml ?? '', firstLine: 2, body: text.slice(whole.length).trim() };
}

function systemMessage(content: string): Message[] {
  return [{ role: MessageRole.SYSTEM, content }];
}

function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[a-z]+$/, '');
}

function toDefinition(name: string, content: FileContent, messages: Message[]): PromptDefinition {
  const { model, ttl, title, description, roles, allowSystemMessages = false, keepWarm = false } = content;
  const { maxTokensLimit, ...parameters } = content.parameters ?? {};
  const context = toPrefix(model, messages, ttl);
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

/** Gemini's contexts are always prefixes; the gateway takes no mode for them. */
function toPrefix(model: string, messages: Message[], ttl: number | undefined): NewContext {
  const mode = isGemini(model) ? {} : { mode: ContextMode.COMMON_PREFIX };
  return { model, messages, ...mode, ...(ttl !== undefined && { ttl }) };
}

function versionOf(context: NewContext): string {
  const body = JSON.stringify(toCreateContextBody(context));
  return createHash('sha256').update(body).digest('hex').slice(0, 12);
}

/** The same rules as for a chat's input. */
class ParameterRules {
  @Temperature() temperature?: number;
  @TopP() topP?: number;
  @Count() n?: number;
  @Count() maxTokens?: number;
  @Count() maxTokensLimit?: number;
  @StopTexts() stop?: string[];
  @Penalty() presencePenalty?: number;
  @Penalty() frequencyPenalty?: number;
}

function checkRules(prompt: PromptDefinition, source: YamlSource): void {
  const { context, parameters, maxTokensLimit, keepWarm } = prompt;
  const messages = context.messages.map((message) => Object.assign(new MessageInput(), message));
  source.reportInvalid(Object.assign(new CreateContextInput(), { ...context, messages }), []);
  source.reportInvalid(Object.assign(new ParameterRules(), { ...parameters, maxTokensLimit }), [
    'parameters',
  ]);
  if (maxTokensLimit !== null && Number(parameters.maxTokens) > maxTokensLimit)
    source.report(['parameters', 'maxTokens'], 'must be at most maxTokensLimit');
  if (keepWarm && context.ttl != null && context.ttl < MIN_WARM_TTL)
    source.report(['ttl'], `must be at least ${MIN_WARM_TTL} seconds with keepWarm`);
}

/** A YAML text whose problems have a line. They quote keys, never values: a value may be the prompt's text. */
class YamlSource {
  readonly problems: string[] = [];
  private readonly lines = new LineCounter();
  private readonly document;

  constructor(
    private readonly file: string,
    text: string,
    private readonly firstLine: number,
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
  }

  /** Returns its keys and values; undefined if it is not a map, or not YAML. */
  read(keys: Record<string, Kind>): FileContent | undefined {
    for (const { code, pos } of this.document.errors)
      this.problems.push(`${this.at(pos[0])} is not valid YAML (${code}); correct the syntax here`);
    if (this.problems.length > 0) return undefined;
    const { contents } = this.document;
    if (!isMap(contents)) {
      this.report([], 'must hold keys and values, at least `model`');
      return undefined;
    }
    this.checkKeys(contents as YAMLMap, keys, []);
    const content = this.document.toJS() as FileContent;
    if (content.model === undefined) this.report([], 'must name a `model`');
    const parameters = this.document.get('parameters', true);
    if (isMap(parameters)) this.checkKeys(parameters as YAMLMap, PARAMETERS, ['parameters']);
    return this.problems.length > 0 ? undefined : content;
  }

  readMessages({ messages = [] }: FileContent): Message[] {
    if (messages.length === 0) this.report(['messages'], 'must hold at least one message');
    return messages.map((message, index) => this.readMessage(message, ['messages', index]));
  }

  report(path: Path, problem: string): void {
    const subject = path.length > 0 ? `\`${path.join('.')}\` ` : '';
    this.problems.push(`${this.lineOf(path)} ${subject}${problem}`);
  }

  /** `parent`: where the file has what the input has at its top. */
  reportInvalid(input: object, parent: Path): void {
    try {
      validateInput(input);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { fields = [] } = error.details;
      for (const { path, message } of fields) this.report([...parent, ...path.slice(1)], message);
    }
  }

  private readMessage(message: unknown, path: Path): Message {
    const node = this.document.getIn(path, true);
    if (!isMap(node)) {
      this.report(path, 'must have a role and a content');
      return {};
    }
    this.checkKeys(node as YAMLMap, MESSAGE, path);
    const { role, content } = message as { role?: string; content?: string };
    const known = Object.values(MessageRole).find((one) => one === String(role).toUpperCase());
    if (!known) this.report([...path, 'role'], 'must be system, user or assistant');
    if (content === undefined) this.report(path, 'must have a content');
    return { role: known ?? null, content: content ?? null };
  }

  private checkKeys(map: YAMLMap, kinds: Record<string, Kind>, parent: Path): void {
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const path = [...parent, name];
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      if (kind === undefined) {
        this.problems.push(`${this.at(startOf(key))} \`${path.join('.')}\` is unknown; ${known(kinds)}`);
        continue;
      }
      const { holds, wanted } = KINDS[kind];
      const plain = (value as Node | null)?.toJS(this.document) ?? null;
      if (!holds(plain)) this.report(path, `must be ${wanted}`);
    }
  }

  private lineOf(path: Path): string {
    const node = path.length > 0 ? this.document.getIn(path, true) : undefined;
    if (node !== undefined || path.length === 0) return this.at(startOf(node));
    return this.lineOf(path.slice(0, -1));
  }

  private at(offset: number): string {
    return `${this.file}:${this.lines.linePos(offset).line + this.firstLine - 1}`;
  }
}

function startOf(node: unknown): number {
  return (node as ParsedNode | undefined)?.range?.[0] ?? 0;
}

function known(kinds: Record<string, Kind>): string {
  return `known are ${Object.keys(kinds).join(', ')}`;
}
