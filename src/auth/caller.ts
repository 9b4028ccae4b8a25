import type { AppError } from '../errors.js';
import type { GatewayCredential } from '../gateway/types.js';

/** Who calls, and the key that pays for it. */
export interface Caller {
  /** Stable for the same caller and safe to store and log: no credential can be read back from it. */
  id: string;
  credential: GatewayCredential;
  /** What a token's claim names; empty without a token. Prompts may be restricted to roles. */
  roles: readonly string[];
  /** Milliseconds since the epoch at which this stops being true; undefined: never. */
  expiresAt?: number;
}

/** Finds the caller from the value of `Authorization`; throws UNAUTHENTICATED where there is none. */
export type Authenticate = (authorization: string | undefined) => Caller | Promise<Caller>;

/** Finds the caller from the value of `Authorization`, or why there is none. */
export type Identify = (authorization: string | undefined) => Promise<Caller | AppError>;
