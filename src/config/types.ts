export type AuthMode = 'none' | 'passthrough' | 'jwt';

/** The validated configuration; durations are in milliseconds. */
export interface Config {
  host: string;
  port: number;
  gateway: GatewayConfig;
  /** Undefined: calls go out directly. */
  proxy?: ProxyConfig;
  authMode: AuthMode;
  /** Only with `jwt`. */
  jwt?: JwtConfig;
  store: StoreConfig;
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
  limits: LimitsConfig;
  /** Whether OTEL_EXPORTER_OTLP_ENDPOINT is set. */
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

/** How tokens are verified: one of the first two. */
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
export interface LimitsConfig {
  createsPerMinute: number;
  chatsPerMinute: number;
  tokensPerDay: number;
  /** Money per day, in billionths of the currency of the file of models. */
  billionthsPerDay: number;
}

export interface StoreConfig {
  /** `sqlite:PATH`, `sqlite::memory:`, `redis://...` or `rediss://...`; a password may be in it. */
  url: string;
  /** Whether equal prefixes of different callers share one context. */
  reuseScope: 'caller' | 'everyone';
  /** Whether the messages of prefixes are kept, to create them again. */
  keepMessages: boolean;
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

/** Lists every problem of the configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: string[]) {
    const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((one) => `\n  - ${one}`).join('');
    super(`The configuration is not usable:${list}`);
  }
}
