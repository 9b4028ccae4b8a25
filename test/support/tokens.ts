import { createHmac } from 'node:crypto';
import { NOON } from './server.js';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';

/** An environment in which tokens say who calls. */
export const JWT = { AUTH_MODE: 'jwt', AUTH_JWT_SECRET: SECRET };

export function encodePart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Signed here, not by the library that checks it. */
export function signToken(claims: object, { alg = 'HS256', hash = 'sha256', secret = SECRET } = {}): string {
  const signed = `${encodePart({ alg, typ: 'JWT' })}.${encodePart(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

/** Headers with a token for a day. */
export function bearer(sub: string, claims: object = {}): { authorization: string } {
  return { authorization: `Bearer ${signToken({ sub, exp: NOON / 1_000 + 86_400, ...claims })}` };
}
