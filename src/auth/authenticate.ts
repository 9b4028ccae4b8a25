import { createHmac } from 'node:crypto';
import type { GatewayConfig } from '../config.js';
import { unauthenticated } from '../errors.js';
import type { GatewayCredential } from '../gateway/types.js';

/** Who calls, and the key that pays for it. */
export interface Caller {
  /** Stable for the same caller and safe to store and log: no credential can be read back from it. */
  id: string;
  credential: GatewayCredential;
}

/** Finds the caller from the value of `Authorization`; throws UNAUTHENTICATED where there is none. */
export type Authenticate = (authorization: string | undefined) => Caller;

/** `none`: one caller for all, on the server's key; what a request says of itself is ignored. */
export function anonymous(serverKey: string): Authenticate {
  const caller: Caller = { id: 'anonymous', credential: { key: serverKey, owner: 'server' } };
  return () => caller;
}

/** `passthrough`: the caller's own gateway key is the credential, and nothing else ever is. */
export const passthrough: Authenticate = (authorization) => {
  const key = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
  if (key === undefined) {
    throw unauthenticated('Send your gateway key as `Authorization: Bearer <key>`.');
  }
  return { id: callerIdOf(key), credential: { key, owner: 'caller' } };
};

/** Keyed by the gateway key itself: nobody who lacks it can make or check a guess at a caller's id cheaply. */
function callerIdOf(key: string): string {
  return createHmac('sha256', key).update('caller of the context cache').digest('base64url');
}

export function authenticator(
  authMode: 'none' | 'passthrough',
  gateway: Pick<GatewayConfig, 'apiKey'>,
): Authenticate {
  if (authMode === 'passthrough') return passthrough;
  if (gateway.apiKey === undefined) throw new Error('AUTH_MODE=none needs the server’s key');
  return anonymous(gateway.apiKey);
}
