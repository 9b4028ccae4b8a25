import { createHmac } from 'node:crypto';
import type { Dispatcher } from 'undici';
import type { Config } from '../config/config.js';
import { type AppError, toAppError, unauthenticated } from '../errors.js';
import type { GatewayCredential } from '../gateway/types.js';
import { bearerToken } from './bearer.js';
import type { Authenticate, Caller, Identify } from './caller.js';

/** `none`: one caller for all, on the server's key; what a request says of itself is ignored. */
export function anonymous(credential: GatewayCredential): Authenticate {
  const caller: Caller = { id: 'anonymous', account: '', credential, roles: [] };
  return () => caller;
}

/** The server as a caller of its own operations. No caller has this id. */
export function serverAsCaller(key: string): Caller {
  return { id: 'server', account: '', credential: { key, owner: 'server' }, roles: [] };
}

/** `passthrough`: the caller's own gateway key is the credential, and nothing else ever is. */
export const passthrough: Authenticate = (authorization) => {
  const key = bearerToken(authorization);
  if (key === undefined) {
    throw unauthenticated('Send your gateway key as `Authorization: Bearer <key>`.');
  }
  const id = callerIdOf(key);
  return { id, account: id, credential: { key, owner: 'caller' }, roles: [] };
};

/** Keyed by the gateway key itself: nobody who lacks it can make or check a guess at a caller's id cheaply. */
function callerIdOf(key: string): string {
  return createHmac('sha256', key).update('caller of the context cache').digest('base64url');
}

export async function authenticator(
  { authMode, jwt: jwtConfig }: Pick<Config, 'authMode' | 'jwt'>,
  serverKey: string | undefined,
  now: () => number,
  proxy?: Dispatcher,
): Promise<Authenticate> {
  if (authMode === 'passthrough') return passthrough;
  if (serverKey === undefined) throw new Error(`AUTH_MODE=${authMode} needs the server’s key`);
  const credential: GatewayCredential = { key: serverKey, owner: 'server' };
  if (authMode !== 'jwt' || !jwtConfig) return anonymous(credential);
  const { jwt } = await import('./jwt.js');
  return jwt(jwtConfig, credential, now, proxy);
}

/** Returns the error instead of throwing it, because introspection needs no caller. */
export async function identifier(...options: Parameters<typeof authenticator>): Promise<Identify> {
  const authenticate = await authenticator(...options);
  return async (authorization) => {
    try {
      return await authenticate(authorization);
    } catch (error) {
      return toAppError(error);
    }
  };
}

/** Codes for the log: messages of jose and fetch quote claims and addresses. undefined if nothing was verified. */
export function whyRefused({ details }: AppError): { reason: string; claim?: string } | undefined {
  if (details.cause === undefined) return undefined;
  const { code, claim, name, cause } = details.cause as Refusal;
  return { reason: cause?.code ?? code ?? name, ...(claim !== undefined && { claim }) };
}

/** What jose throws, or fetch, which says in its cause why the address could not be reached. */
interface Refusal {
  name: string;
  code?: string;
  claim?: string;
  cause?: { code?: string };
}
