import { type Browser, chromium, type Page } from 'playwright-core';
import { CHROMIUM } from './programs.js';

/** Whatever is not on this machine cannot be reached. */
const OFFLINE = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', OFFLINE, ...QUIET];
  return chromium.launch({ executablePath: CHROMIUM.path, args });
}

/** What goes wrong on the page from now on: exceptions, errors on the console, requests that failed. */
export function collectProblems(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    // A client of server-sent events aborts its request once it has read `complete`, or is told to stop.
    if (reason !== 'net::ERR_ABORTED') problems.push(`${request.url()} ${reason}`);
  });
  return problems;
}
