import { fileURLToPath } from 'node:url';
import type { EnvReader } from './environment.js';
import { packageFile } from './package-files.js';
import {
  type AuthMode,
  type GatewayConfig,
  type LimitsConfig,
  type PromptsConfig,
  type ProxyConfig,
  type RunsConfig,
  SANDBOX_URL,
  type StoreConfig,
} from './types.js';

const DEFAULT_GATEWAY_URL = 'https://gateway.serevixai.ai/v1';

export function readGateway(read: EnvReader): GatewayConfig {
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
export function readProxy(read: EnvReader): ProxyConfig | undefined {
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

export function readStore(read: EnvReader, authMode: AuthMode): StoreConfig {
  const url = read.text('STORE_URL', 'sqlite:data/contexts.db');
  if (!/^sqlite:./.test(url)) {
    read.url('STORE_URL', ['redis:', 'rediss:'], 'sqlite:PATH, sqlite::memory:, redis://... or rediss://...');
  }
  const reuseScope = read.choice('REUSE_SCOPE', ['caller', 'everyone'], 'caller');
  if (reuseScope === 'everyone' && authMode === 'passthrough') {
    read.problems.push(
      'REUSE_SCOPE=everyone needs the server’s own key: with AUTH_MODE=passthrough each caller has its own gateway account',
    );
  }
  return { url, reuseScope, keepMessages: read.flag('STORE_MESSAGES', true) };
}

export function readRuns(read: EnvReader): RunsConfig {
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

export function readModelsFile(read: EnvReader): { modelsFile?: string } {
  const modelsFile = textOrExample(read, 'MODELS', 'examples/models.yaml');
  return modelsFile === undefined ? {} : { modelsFile };
}

export function readLimits(read: EnvReader, modelsFile: string | undefined): LimitsConfig {
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

export function readPrompts(read: EnvReader): PromptsConfig {
  const folder = textOrExample(read, 'PROMPTS', 'examples/prompts');
  return {
    ...(folder !== undefined && { folder }),
    waitMs: read.integer('PROMPT_WAIT_MS', 2_000, 0, 600_000),
    keepWarmTokensPerDay: read.integer('KEEP_WARM_TOKENS_PER_DAY', 0, 0, Number.MAX_SAFE_INTEGER),
  };
}
