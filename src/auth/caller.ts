import type { AppError } from '../errors.js';
import type { GatewayCredential } from '../gateway/types.js';

/** Who calls, and the key that pays for it. */
export interface Caller {
  /** Stable for the same caller and safe to store and log: no credential can be read back from it. */
  id: string;
  /** The gateway account that its contexts belong to: the server’s (empty), or the caller’s own. */
  account: string;
  credential: GatewayCredential;
  /** Roles that prompts may require; empty if the credential names none. */
  roles: readonly string[];
  /** When the credential expires, milliseconds since the epoch; undefined: never. */
  expiresAt?: number;
}

/** Finds the caller from the value of `Authorization`; throws UNAUTHENTICATED where there is none. */
export type Authenticate = (authorization: string | undefined) => Caller | Promise<Caller>;

/** Finds the caller from the value of `Authorization`, or why there is none. */
export type Identify = (authorization: string | undefined) => Promise<Caller | AppError>;
