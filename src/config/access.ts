import { isIPv4, isIPv6 } from 'node:net';
import type { EnvReader } from './environment.js';
import {
  type AuthMode,
  type GatewayConfig,
  type JwtConfig,
  type MetricsAccess,
  SANDBOX_URL,
} from './types.js';

export function chooseAuthMode(read: EnvReader, host: string, gateway: GatewayConfig) {
  const named = read.choice('AUTH_MODE', ['none', 'passthrough', 'jwt']);
  const serverHasKey = gateway.apiKey !== undefined || gateway.url === SANDBOX_URL;
  const authMode: AuthMode = named ?? (serverHasKey ? 'none' : 'passthrough');
  read.settings.set('AUTH_MODE', authMode);
  const notices: string[] = [];
  const allowAnonymous = read.flag('ALLOW_ANONYMOUS', false);
  if (named === undefined && serverHasKey && !isLoopback(host)) {
    read.problems.push('AUTH_MODE must be set if HOST is not a loopback address');
  } else if (authMode === 'none' && !isLoopback(host) && !allowAnonymous) {
    read.problems.push(
      'ALLOW_ANONYMOUS=on must be set, too, if AUTH_MODE=none and HOST is not loopback: anyone who reaches it spends the server’s own key',
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

export function readJwt(read: EnvReader, authMode: AuthMode): JwtConfig | undefined {
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

/** Without authentication, any page in a local browser could call: `Host` must match. */
export function readAllowedHosts(read: EnvReader, host: string, authMode: AuthMode): string[] | undefined {
  const named = read.hostNames('ALLOWED_HOSTS');
  const isOpen = authMode === 'none' && isLoopback(host);
  const own = isIPv6(host) ? `[${host}]` : host;
  return named.length > 0 || isOpen ? [own, ...named] : undefined;
}

/** Without a token, usage is not shown beyond loopback. */
export function readMetricsAccess(read: EnvReader, host: string): MetricsAccess {
  const token = read.secret('METRICS_TOKEN');
  if (token !== undefined) return { token };
  return isLoopback(host) ? 'everyone' : 'nobody';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
