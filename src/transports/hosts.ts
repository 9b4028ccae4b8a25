import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';

/** Names of this machine, as a browser writes them. */
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Which host names the server answers to. A page whose own name points at this machine (DNS rebinding) is of the same
 * origin to a browser, so that neither CORS nor a preflight keeps it out; its `Host` does.
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
