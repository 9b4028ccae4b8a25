import { isIPv4, isIPv6 } from 'node:net';
import { fileURLToPath } from 'node:url';
import { EnvReader } from './environment.js';
import { packageFile } from './package-files.js';

export type AuthMode = 'none' | 'passthrough' | 'jwt';

/** What the process is told from outside, checked; every duration is in milliseconds. */
export interface Config {
  host: string;
  port: number;
  gateway: GatewayConfig;
  /** Undefined: calls go out directly. */
  proxy?: ProxyConfig;
  authMode: AuthMode;
  /** Only with `jwt`. */
  jwt?: JwtConfig;
  registry: RegistryConfig;
  /** The file of models and their prices; undefined: nothing has a price. */
  modelsFile?: string;
  prompts: PromptsConfig;
  runs: RunsConfig;
  shutdownGraceMs: number;
  maxBodyBytes: number;
  /** Origins of the pages that may call, as browsers write them. */
  corsOrigins: string[];
  /** Host names that the server answers to beside the loopback ones; undefined: any. */
  allowedHosts?: string[];
  /** Path of the map of the only documents that run; undefined: any document. */
  trustedDocuments?: string;
  maxStreamsPerCaller: number;
  budgets: BudgetConfig;
  /** Whether OpenTelemetry's own variables name where traces go. */
  tracing: boolean;
  metrics: MetricsAccess;
  introspection: boolean;
  playground: boolean;
  /** Whether the schema is served as a subgraph of Apollo Federation 2. */
  federation: boolean;
  logLevel: string;
  /** What the operator should know about the choices above, one sentence each. */
  notices: string[];
  /** Every variable that was read, with the value it came to; of secrets only whether they are set. */
  settings: ReadonlyMap<string, string>;
}

/** Who may read `/metrics`: with a token, whoever sends it. */
export type MetricsAccess = 'everyone' | 'nobody' | { token: string };

export interface GatewayConfig {
  /** Base URL without a slash at its end, or `sandbox:` for the built-in stand-in. */
  url: string;
  /** The server's own key; none under `passthrough`. */
  apiKey?: string;
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  idleTimeoutMs: number;
  totalTimeoutMs: number;
  maxResponseBytes: number;
}

/** The proxies between this server and the gateway or the keys of tokens. A password may be in their URLs. */
export interface ProxyConfig {
  httpProxy?: string;
  httpsProxy?: string;
  /** Hosts that are called directly, separated by commas. */
  noProxy?: string;
}

/** One of the two says what tokens are checked with. */
export interface JwtConfig {
  /** For HS256. */
  secret?: string;
  jwksUrl?: string;
  issuer?: string;
  audience?: string;
  /** The claim that holds the caller's roles. */
  rolesClaim: string;
}

/** What each caller may do; 0: no limit. */
export interface BudgetConfig {
  createsPerMinute: number;
  chatsPerMinute: number;
  tokensPerDay: number;
  /** Money per day, in billionths of the currency of the file of models. */
  billionthsPerDay: number;
}

export interface RegistryConfig {
  /** `sqlite:PATH`, `sqlite::memory:`, `redis://...` or `rediss://...`; a password may be in it. */
  storeUrl: string;
  /** Whether equal prefixes of different callers share one context. */
  reuseScope: 'caller' | 'everyone';
  /** Whether the messages of prefixes are kept, to create them again. */
  storeMessages: boolean;
}

/** Durations in milliseconds. */
export interface RunsConfig {
  enabled: boolean;
  /** How long a run is kept after its end. */
  keptMs: number;
  /** The largest text of a run. */
  maxBytes: number;
  /** How long a run goes on that nobody watches. */
  unwatchedMs: number;
}

export interface PromptsConfig {
  /** The folder of the prompt files; undefined: there are no prompts. */
  folder?: string;
  /** How long a chat waits while its prompt's context is being created. */
  waitMs: number;
  /** Prompt tokens that all processes together may spend on keeping contexts warm; 0: none is kept warm. */
  keepWarmTokensPerDay: number;
}

export const SANDBOX_URL = 'sandbox:';
const DEFAULT_GATEWAY_URL = 'https://gateway.serevixai.ai/v1';
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Everything that is wrong with the environment, said at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: string[]) {
    const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((one) => `\n  - ${one}`).join('');
    super(`The configuration is not usable:${list}`);
  }
}

/** The only reader of the environment. Throws a ConfigError that lists everything that is wrong. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { config, problems, misspelt } = inspectConfig(env);
  if (problems.length > 0) throw new ConfigError([...problems, ...misspelt]);
  return config;
}

/** What `readConfig` reads, for callers who add problems of their own: with any problem, the configuration must not be used. */
export function inspectConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = new EnvReader(env);
  const production = read.given('NODE_ENV') === 'production';
  const host = read.text('HOST', '127.0.0.1');
  const gateway = readGateway(read);
  const { authMode, notices } = chooseAuthMode(read, host, gateway);
  if (production) requireNamed(read, ['GATEWAY_URL', 'AUTH_MODE']);
  const jwt = readJwt(read, authMode);
  const allowedHosts = readAllowedHosts(read, host, authMode);
  const trustedDocuments = read.text('TRUSTED_DOCUMENTS');
  const proxy = readProxy(read);
  const models = readModelsFile(read);
  const config: Config = {
    host,
    port: read.integer('PORT', 4000, 0, 65_535),
    gateway,
    ...(proxy && { proxy }),
    authMode,
    ...(jwt && { jwt }),
    registry: readRegistry(read, authMode),
    ...models,
    prompts: readPrompts(read),
    runs: readRuns(read),
    shutdownGraceMs: read.integer('SHUTDOWN_GRACE_MS', 10_000, 0, 3_600_000),
    maxBodyBytes: read.integer('MAX_BODY_BYTES', 4_194_304, 1_024, 1_073_741_824),
    corsOrigins: read.origins('CORS_ORIGINS'),
    ...(allowedHosts && { allowedHosts }),
    ...(trustedDocuments !== undefined && { trustedDocuments }),
    maxStreamsPerCaller: read.integer('MAX_STREAMS_PER_CALLER', 16, 1, 1_000_000),
    budgets: readBudgets(read, models.modelsFile),
    tracing: read.text('OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined,
    metrics: readMetricsAccess(read, host),
    introspection: read.flag('INTROSPECTION', !production),
    playground: read.flag('PLAYGROUND', !production),
    federation: read.flag('FEDERATION', false),
    logLevel: read.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    notices,
    settings: read.settings,
  };
  const misspelt = read.misspelt();
  notices.push(...misspelt);
  return { config, problems: read.problems, misspelt };
}

/** `federation` alone, for where the schema is printed and there is no server to configure. */
export function readFederation(env: NodeJS.ProcessEnv = process.env): boolean {
  const read = new EnvReader(env);
  const federation = read.flag('FEDERATION', false);
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return federation;
}

/** A caller without a credential on this machine may be any page that a browser here shows. */
function readAllowedHosts(read: EnvReader, host: string, authMode: AuthMode): string[] | undefined {
  const named = read.hostNames('ALLOWED_HOSTS');
  const isOpen = authMode === 'none' && isLoopback(host);
  const own = isIPv6(host) ? `[${host}]` : host;
  return named.length > 0 || isOpen ? [own, ...named] : undefined;
}

/** Whoever reaches a public address need not know how much is used. */
function readMetricsAccess(read: EnvReader, host: string): MetricsAccess {
  const token = read.secret('METRICS_TOKEN');
  if (token !== undefined) return { token };
  return isLoopback(host) ? 'everyone' : 'nobody';
}

function readGateway(read: EnvReader): GatewayConfig {
  const apiKey = read.secret('GATEWAY_API_KEY');
  const isReal = apiKey !== undefined || read.given('AUTH_MODE') === 'passthrough';
  return {
    url: readGatewayUrl(read, isReal ? DEFAULT_GATEWAY_URL : SANDBOX_URL),
    ...(apiKey !== undefined && { apiKey }),
    connectTimeoutMs: read.integer('GATEWAY_CONNECT_TIMEOUT_MS', 5_000, 1, 3_600_000),
    headersTimeoutMs: read.integer('GATEWAY_HEADERS_TIMEOUT_MS', 60_000, 1, 3_600_000),
    idleTimeoutMs: read.integer('GATEWAY_IDLE_TIMEOUT_MS', 60_000, 1, 3_600_000),
    totalTimeoutMs: read.integer('GATEWAY_TOTAL_TIMEOUT_MS', 600_000, 1, 86_400_000),
    maxResponseBytes: read.integer('GATEWAY_MAX_RESPONSE_BYTES', 8_388_608, 1_024, 1_073_741_824),
  };
}

function readGatewayUrl(read: EnvReader, fallback: string): string {
  const value = read.text('GATEWAY_URL', fallback);
  if (value === SANDBOX_URL) return value;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isUsable =
    url !== undefined &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username + url.password + url.search + url.hash === '';
  if (!isUsable) {
    read.problems.push(
      `GATEWAY_URL must be an http(s) URL without user, query or fragment, or "${SANDBOX_URL}"`,
    );
  }
  return value.replace(/\/+$/, '');
}

/** The usual variables; of each, the name in small letters comes first. */
function readProxy(read: EnvReader): ProxyConfig | undefined {
  const nameOf = (name: string) => (read.given(name.toLowerCase()) === undefined ? name : name.toLowerCase());
  const readUrl = (name: string) =>
    read.url(nameOf(name), ['http:', 'https:'], 'an http(s) URL, with user and password where it needs them');
  const httpsProxy = readUrl('HTTPS_PROXY');
  const httpProxy = readUrl('HTTP_PROXY');
  const noProxy = read.text(nameOf('NO_PROXY'));
  if (httpsProxy === undefined && httpProxy === undefined) return undefined;
  return {
    ...(httpsProxy !== undefined && { httpsProxy }),
    ...(httpProxy !== undefined && { httpProxy }),
    ...(noProxy !== undefined && { noProxy }),
  };
}

function readJwt(read: EnvReader, authMode: AuthMode): JwtConfig | undefined {
  const secret = read.secret('AUTH_JWT_SECRET');
  const jwksUrl = read.url('AUTH_JWKS_URL', ['https:', 'http:'], 'an http(s) URL');
  const issuer = read.text('AUTH_JWT_ISSUER');
  const audience = read.text('AUTH_JWT_AUDIENCE');
  const rolesClaim = read.text('AUTH_JWT_ROLES_CLAIM', 'roles');
  if (jwksUrl !== undefined && /\/\/[^/]*@/.test(jwksUrl)) {
    read.problems.push('AUTH_JWKS_URL must hold no user and no password: they are never sent');
  }
  if (authMode !== 'jwt') return undefined;
  if ((secret === undefined) === (jwksUrl === undefined)) {
    read.problems.push('AUTH_MODE=jwt needs one of AUTH_JWT_SECRET and AUTH_JWKS_URL, and not both');
  }
  // RFC 7518, section 3.2: as many bits as the hash has.
  if (secret !== undefined && Buffer.byteLength(secret) < 32) {
    read.problems.push('AUTH_JWT_SECRET must be at least 32 bytes long');
  }
  return {
    ...(secret !== undefined && { secret }),
    ...(jwksUrl !== undefined && { jwksUrl }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    rolesClaim,
  };
}

function readRegistry(read: EnvReader, authMode: AuthMode): RegistryConfig {
  const storeUrl = read.text('STORE_URL', 'sqlite:data/contexts.db');
  if (!/^sqlite:./.test(storeUrl)) {
    read.url('STORE_URL', ['redis:', 'rediss:'], 'sqlite:PATH, sqlite::memory:, redis://... or rediss://...');
  }
  const reuseScope = read.choice('REUSE_SCOPE', ['caller', 'everyone'], 'caller');
  if (reuseScope === 'everyone' && authMode === 'passthrough') {
    read.problems.push(
      'REUSE_SCOPE=everyone needs the server’s own key: with AUTH_MODE=passthrough every caller has a gateway account apart',
    );
  }
  return { storeUrl, reuseScope, storeMessages: read.flag('STORE_MESSAGES', true) };
}

function readRuns(read: EnvReader): RunsConfig {
  return {
    enabled: read.flag('RUNS', true),
    keptMs: read.integer('RUN_KEPT_SECONDS', 600, 1, 86_400) * 1_000,
    maxBytes: read.integer('RUN_MAX_BYTES', 1_048_576, 1_024, 67_108_864),
    unwatchedMs: read.integer('RUN_UNWATCHED_SECONDS', 300, 1, 86_400) * 1_000,
  };
}

/** If nothing is configured, the sandbox serves the example. */
function textOrExample(read: EnvReader, name: string, example: string): string | undefined {
  const isConfigured = ['GATEWAY_URL', 'GATEWAY_API_KEY', 'AUTH_MODE'].some(
    (name) => read.given(name) !== undefined,
  );
  return isConfigured ? read.text(name) : read.text(name, fileURLToPath(packageFile(example)));
}

function readModelsFile(read: EnvReader): { modelsFile?: string } {
  const modelsFile = textOrExample(read, 'MODELS', 'examples/models.yaml');
  return modelsFile === undefined ? {} : { modelsFile };
}

function readBudgets(read: EnvReader, modelsFile: string | undefined): BudgetConfig {
  const billionthsPerDay = read.billionths('QUOTA_MONEY_PER_DAY');
  if (billionthsPerDay > 0 && modelsFile === undefined) {
    read.problems.push('QUOTA_MONEY_PER_DAY needs MODELS, the file with the prices');
  }
  return {
    createsPerMinute: read.integer('RATE_LIMIT_CREATES_PER_MINUTE', 60, 0, 1_000_000_000),
    chatsPerMinute: read.integer('RATE_LIMIT_CHATS_PER_MINUTE', 120, 0, 1_000_000_000),
    tokensPerDay: read.integer('QUOTA_TOKENS_PER_DAY', 0, 0, Number.MAX_SAFE_INTEGER),
    billionthsPerDay,
  };
}

function readPrompts(read: EnvReader): PromptsConfig {
  const folder = textOrExample(read, 'PROMPTS', 'examples/prompts');
  return {
    ...(folder !== undefined && { folder }),
    waitMs: read.integer('PROMPT_WAIT_MS', 2_000, 0, 600_000),
    keepWarmTokensPerDay: read.integer('KEEP_WARM_TOKENS_PER_DAY', 0, 0, Number.MAX_SAFE_INTEGER),
  };
}

function chooseAuthMode(read: EnvReader, host: string, gateway: GatewayConfig) {
  const named = read.choice('AUTH_MODE', ['none', 'passthrough', 'jwt']);
  const serverHasKey = gateway.apiKey !== undefined || gateway.url === SANDBOX_URL;
  const authMode: AuthMode = named ?? (serverHasKey ? 'none' : 'passthrough');
  read.settings.set('AUTH_MODE', authMode);
  const notices: string[] = [];
  const allowAnonymous = read.flag('ALLOW_ANONYMOUS', false);
  if (named === undefined && serverHasKey && !isLoopback(host)) {
    read.problems.push('AUTH_MODE must be named where HOST is not a loopback address');
  } else if (authMode === 'none' && !isLoopback(host) && !allowAnonymous) {
    read.problems.push(
      'ALLOW_ANONYMOUS=on must be set, too, where AUTH_MODE is none and HOST is not a loopback address: anyone who reaches it spends the server’s own key',
    );
  }
  if (authMode !== 'passthrough' && !serverHasKey) {
    read.problems.push(
      `AUTH_MODE=${authMode} needs GATEWAY_API_KEY, the key that the server calls the gateway with`,
    );
  }
  if (authMode === 'passthrough' && gateway.apiKey !== undefined) {
    delete gateway.apiKey;
    notices.push('AUTH_MODE=passthrough: GATEWAY_API_KEY is set but never used; each caller brings a key.');
  }
  const isSandbox = gateway.url === SANDBOX_URL;
  if (isSandbox) notices.push(sandboxNotice(read));
  if (authMode === 'none' && !isSandbox) {
    notices.push('AUTH_MODE=none: whoever reaches this address spends the server’s own key.');
  } else if (authMode === 'none' && !isLoopback(host)) {
    notices.push('AUTH_MODE=none: whoever reaches this address is served.');
  }
  return { authMode, notices };
}

function sandboxNotice(read: EnvReader): string {
  const sandbox = 'The gateway is the built-in sandbox: its answers come from no model.';
  const isNamed = read.given('GATEWAY_URL') !== undefined;
  return isNamed
    ? sandbox
    : `${sandbox} For the real one set GATEWAY_API_KEY, in the environment or in .env.`;
}

function requireNamed(read: EnvReader, names: string[]): void {
  for (const name of names) {
    if (read.given(name) === undefined) read.problems.push(`${name} must be named where NODE_ENV=production`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
