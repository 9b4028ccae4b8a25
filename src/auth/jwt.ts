import { createHash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Dispatcher } from 'undici';
import type { JwtConfig } from '../config/config.js';
import { AppError, ErrorCode, unauthenticated } from '../errors.js';
import type { GatewayCredential } from '../gateway/types.js';
import { bearerToken } from './bearer.js';
import type { Authenticate, Caller } from './caller.js';
import { publishedKeys } from './published-keys.js';

/** Asymmetric algorithms only: otherwise a token signed with the public key as HMAC secret would pass. */
const JWKS_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  // EdDSA by its new name (RFC 9864).
  'Ed25519',
];
const REQUIRED_CLAIMS = ['sub', 'exp'];
/** Seconds that the issuer's clock may differ. */
const CLOCK_TOLERANCE = 5;

/** `jwt`: the token says who calls, the server's key pays. */
export function jwt(
  config: JwtConfig,
  credential: GatewayCredential,
  now: () => number,
  proxy?: Dispatcher,
): Authenticate {
  const verify = verifier(config, now, proxy);
  return async (authorization) => {
    const token = bearerToken(authorization);
    if (token === undefined) throw unauthenticated('Send a token as `Authorization: Bearer <token>`.');
    return toCaller(await verify(token).catch(refuse), credential, config.rolesClaim);
  };
}

function verifier(
  { secret, jwksUrl = '', issuer, audience }: JwtConfig,
  now: () => number,
  proxy?: Dispatcher,
): (token: string) => Promise<JWTPayload> {
  const claims = {
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    requiredClaims: REQUIRED_CLAIMS,
    clockTolerance: CLOCK_TOLERANCE,
  };
  const [key, algorithms] =
    secret === undefined
      ? [publishedKeys(jwksUrl, now, proxy), JWKS_ALGORITHMS]
      : [sharedKey(secret), ['HS256']];
  return async (token) => {
    const options = { ...claims, algorithms, currentDate: new Date(now()) };
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return withAnyKey(token, error, options);
      throw error;
    }
  };
}

/** For a token that does not name its key, while the issuer publishes several of its kind. */
async function withAnyKey(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown = keys;
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function sharedKey(secret: string): JWTVerifyGetKey {
  const key = new TextEncoder().encode(secret);
  return () => key;
}

function refuse(error: unknown): never {
  if (isAboutTheToken(error)) throw unauthenticated(whatToSend(error), error);
  const message = 'The keys to verify tokens cannot be fetched. Try again later.';
  throw new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true, cause: error });
}

/** Claims are checked after the signature: only holders of the issuer's tokens learn what is missing. */
function whatToSend(error: unknown): string {
  const isIncomplete =
    error instanceof errors.JWTClaimValidationFailed &&
    error.reason === 'missing' &&
    REQUIRED_CLAIMS.includes(error.claim);
  if (isIncomplete)
    return 'The token needs `sub`, which says who calls, and `exp`, which says until when it is valid.';
  return 'This token is invalid or expired. Send a new one as `Authorization: Bearer <token>`.';
}

/** Other errors mean that the JWKS URL is unreachable or returned no keys. */
function isAboutTheToken(error: unknown): boolean {
  const aboutTheKeys = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  const isGeneric = error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
  return error instanceof errors.JOSEError && !aboutTheKeys && !isGeneric;
}

function toCaller(claims: JWTPayload, credential: GatewayCredential, rolesClaim: string): Caller {
  const { iss, sub, exp } = claims;
  if (typeof sub !== 'string' || sub === '')
    throw unauthenticated('The token has no `sub`, which says who calls.');
  // A subject may be an address or a name, which have no place in logs.
  const id = createHash('sha256')
    .update(JSON.stringify([iss ?? null, sub]))
    .digest('base64url');
  const roles = toRoles(claims[rolesClaim]);
  return { id, account: '', credential, roles, ...(exp !== undefined && { expiresAt: exp * 1_000 }) };
}

/** A list, or words separated by spaces like those of `scope`; anything else gives no role. */
function toRoles(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  return Array.isArray(claim) ? claim.filter((role) => typeof role === 'string') : [];
}
