import { chooseAuthMode, readAllowedHosts, readJwt, readMetricsAccess } from './access.js';
import { EnvReader } from './environment.js';
import {
  readGateway,
  readLimits,
  readModelsFile,
  readPrompts,
  readProxy,
  readRuns,
  readStore,
} from './sections.js';
import { type Config, ConfigError } from './types.js';

export * from './types.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Reads the configuration. Throws a ConfigError that lists every problem. */
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
    store: readStore(read, authMode),
    ...models,
    prompts: readPrompts(read),
    runs: readRuns(read),
    shutdownGraceMs: read.integer('SHUTDOWN_GRACE_MS', 10_000, 0, 3_600_000),
    maxBodyBytes: read.integer('MAX_BODY_BYTES', 4_194_304, 1_024, 1_073_741_824),
    corsOrigins: read.origins('CORS_ORIGINS'),
    ...(allowedHosts && { allowedHosts }),
    ...(trustedDocuments !== undefined && { trustedDocuments }),
    maxStreamsPerCaller: read.integer('MAX_STREAMS_PER_CALLER', 16, 1, 1_000_000),
    limits: readLimits(read, models.modelsFile),
    tracing: read.url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'], 'an http(s) URL') !== undefined,
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

/** Reads only FEDERATION, to print the schema without other configuration. */
export function readFederation(env: NodeJS.ProcessEnv = process.env): boolean {
  const read = new EnvReader(env);
  const federation = read.flag('FEDERATION', false);
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return federation;
}

function requireNamed(read: EnvReader, names: string[]): void {
  for (const name of names) {
    if (read.given(name) === undefined) read.problems.push(`${name} must be set if NODE_ENV=production`);
  }
}
