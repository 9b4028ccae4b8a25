import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';

/** Names of this machine, as a browser writes them. */
const LOOPBACK = /^(([\w-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])$/;

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

  check(request: IncomingMessage): void {
    const { names } = this;
    if (!names) return;
    // Of several `Host` headers Node keeps the first; a proxy may have used another.
    const hosts = request.headersDistinct.host ?? [''];
    if (hosts.every((host) => isAllowed(nameOf(host), names))) return;
    throw new HttpError(
      403,
      'This server does not answer to the host name of this request. To allow it, add the name to ALLOWED_HOSTS and restart the server.',
    );
  }
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

function isAllowed(name: string, names: ReadonlySet<string>): boolean {
  return names.has(name) || LOOPBACK.test(name);
}
