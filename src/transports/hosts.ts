import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';

/** Names of this machine in a `Host` header. */
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The host names that the server answers to. A page whose own name resolves to this machine (DNS rebinding) has the same
 * origin for the browser, so CORS does not stop it; checking `Host` does.
 */
export class Hosts {
  private readonly names: ReadonlySet<string> | undefined;

  /** `allowed`: beside the loopback names; undefined: any name. */
  constructor(allowed: readonly string[] | undefined) {
    this.names = allowed && new Set(allowed.map((name) => name.toLowerCase()));
  }

  check({ headers: { host = '' } }: IncomingMessage): void {
    const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
    if (!this.names || this.names.has(name) || LOOPBACK.test(name)) return;
    throw new HttpError(
      403,
      'This server does not answer to the host name of this request. To allow it, add the name to ALLOWED_HOSTS and restart the server.',
    );
  }
}
