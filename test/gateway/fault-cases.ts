import { gzipSync } from 'node:zlib';
import {
  answer,
  drip,
  type Fault,
  flood,
  head,
  say,
  sayAndEnd,
  sayAndReset,
  silence,
} from '../support/faulty-upstream.js';
import { NOON } from '../support/server.js';

export interface FaultCase {
  name: string;
  fault: Fault;
  code: string;
  retryable: boolean;
  /** How many requests the gateway reads of one `createContext`: 1 where it is left out. */
  requests?: number;
  retryAfter?: number;
  env?: Record<string, string>;
  /** Not a refusal but a broken answer: chats and streams read it in their own way, so they are tested with it too. */
  isBroken?: boolean;
}

export const unavailable = { code: 'GATEWAY_UNAVAILABLE', retryable: true };
export const badResponse = { code: 'GATEWAY_BAD_RESPONSE', retryable: true };
export const timeout = { code: 'GATEWAY_TIMEOUT', retryable: true };
export const rateLimited = { code: 'RATE_LIMITED', retryable: true };
export const gatewayAuth = { code: 'GATEWAY_AUTH', retryable: false };
export const noBalance = { code: 'QUOTA_EXCEEDED', retryable: false };
export const badInput = { code: 'BAD_USER_INPUT', retryable: false };

/** Milliseconds until the caller has the code: far more than the timeouts and retries of a case, far less than a default timeout. */
export const IN_TIME_MS = 10_000;

const refusal = (code: string, message = 'no') => ({ error: { code, message, type: 'error' } });
const page = (status: number) =>
  say(answer(status, '<html><h1>Bad gateway</h1></html>', { 'content-type': 'text/html' }));
export const refuse = (status: number, code: string, headers: Record<string, string> = {}) =>
  say(answer(status, refusal(code), headers));

export const MEGABYTE = 1024 * 1024;
const HALF = '{"id":"ctx-1","ttl":36';
const CHUNKED = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
const JSON_OF_100_BYTES = { 'content-type': 'application/json', 'content-length': 100 };
export const HUGE = { 'content-type': 'application/json', 'content-length': 100 * MEGABYTE };

export const FAULTS: FaultCase[] = [
  { name: 'a page with 500', fault: page(500), ...unavailable },
  { name: 'a page with 502', fault: page(502), ...unavailable },
  { name: 'a page with 503', fault: page(503), ...unavailable, requests: 3 },
  { name: 'a page with 504', fault: page(504), ...unavailable },
  { name: 'a page with 200', isBroken: true, fault: page(200), ...badResponse },
  { name: 'a page with 404', fault: page(404), ...badResponse, retryable: false },
  { name: 'an empty body with 200', isBroken: true, fault: say(answer(200, '')), ...badResponse },
  { name: 'an empty body with 502', fault: say(answer(502, '')), ...unavailable },
  {
    name: 'JSON that stops before its Content-Length',
    isBroken: true,
    fault: sayAndEnd(head(200, JSON_OF_100_BYTES) + HALF),
    ...badResponse,
  },
  {
    name: 'JSON that stops where the connection ends',
    fault: sayAndEnd(head(200, { 'content-type': 'application/json' }) + HALF),
    ...badResponse,
  },
  {
    name: 'JSON that stops inside a chunk',
    isBroken: true,
    fault: sayAndEnd(`${head(200, CHUNKED)}40\r\n${HALF}`),
    ...badResponse,
  },
  { name: 'half of an object, whole as HTTP', fault: say(answer(200, HALF)), ...badResponse },
  { name: 'what is not JSON', fault: say(answer(200, 'id=ctx-1')), ...badResponse },
  { name: 'what is not HTTP', isBroken: true, fault: sayAndEnd('SSH-2.0-OpenSSH_9.2\r\n'), ...badResponse },
  {
    name: 'headers without end',
    fault: drip('HTTP/1.1 200 OK\r\n', `x: ${'x'.repeat(65_536)}\r\n`, 1),
    ...badResponse,
  },
  {
    name: 'another protocol',
    isBroken: true,
    fault: say(head(101, { upgrade: 'x', connection: 'upgrade' })),
    ...unavailable,
  },
  { name: '204', fault: say(head(204)), ...badResponse },
  {
    name: 'two lengths',
    fault: say(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
    ...badResponse,
  },
  {
    name: 'a length and chunks',
    fault: say(`${head(200, { ...CHUNKED, 'content-length': 2 })}2\r\n{}\r\n0\r\n\r\n`),
    ...badResponse,
  },
  {
    name: 'a length that is no number',
    fault: say(`${head(200, { 'content-length': '-1' })}{}`),
    ...badResponse,
  },
  {
    name: 'a million brackets',
    isBroken: true,
    fault: say(answer(200, '['.repeat(1_000_000))),
    ...badResponse,
  },
  {
    name: '200 with an error inside',
    isBroken: true,
    fault: refuse(200, 'InternalServiceError'),
    ...unavailable,
  },
  { name: '200 with a refused key inside', fault: refuse(200, 'AuthenticationError'), ...gatewayAuth },
  { name: '200 with a sentence as its error', fault: say(answer(200, { error: 'no' })), ...unavailable },
  { name: 'null', fault: say(answer(200, 'null')), ...badResponse },
  { name: 'an array', fault: say(answer(200, '[{"id":"ctx-1"}]')), ...badResponse },
  { name: 'a number', fault: say(answer(200, '7')), ...badResponse },
  { name: 'no id and no choices', fault: say(answer(200, { ttl: 3600 })), ...badResponse },
  {
    name: 'silence before the headers',
    isBroken: true,
    fault: silence,
    ...timeout,
    env: { GATEWAY_HEADERS_TIMEOUT_MS: '300' },
  },
  {
    name: 'silence inside the headers',
    fault: say('HTTP/1.1 200 OK\r\ncontent-'),
    ...timeout,
    env: { GATEWAY_HEADERS_TIMEOUT_MS: '300' },
  },
  {
    name: 'silence after the headers',
    isBroken: true,
    fault: say(head(200, JSON_OF_100_BYTES)),
    ...timeout,
    env: { GATEWAY_IDLE_TIMEOUT_MS: '300' },
  },
  {
    name: 'a byte at a time',
    isBroken: true,
    fault: drip(head(200, JSON_OF_100_BYTES), ' ', 50),
    ...timeout,
    env: { GATEWAY_TOTAL_TIMEOUT_MS: '500' },
  },
  {
    name: 'a byte of the headers at a time',
    fault: drip('HTTP/1.1 200 OK\r\nx: ', 'x', 50),
    ...timeout,
    env: { GATEWAY_TOTAL_TIMEOUT_MS: '500' },
  },
  {
    name: 'a reset before the answer',
    isBroken: true,
    fault: (socket) => socket.resetAndDestroy(),
    ...unavailable,
  },
  { name: 'an end before the answer', fault: (socket) => socket.end(), ...unavailable },
  { name: 'a reset inside the headers', fault: sayAndReset('HTTP/1.1 200 OK\r\ncontent-'), ...unavailable },
  {
    name: 'a reset inside the body',
    isBroken: true,
    fault: sayAndReset(head(200, JSON_OF_100_BYTES) + HALF),
    ...badResponse,
  },
  { name: 'a redirect to itself', fault: say(answer(307, '', { location: '/v1' })), ...badResponse },
  {
    name: '100 MB that were announced',
    isBroken: true,
    fault: flood(head(200, HUGE), 100 * MEGABYTE),
    ...badResponse,
  },
  {
    name: '100 MB that were not announced',
    isBroken: true,
    fault: flood(head(200, { 'content-type': 'application/json' }), 100 * MEGABYTE),
    ...badResponse,
  },
  {
    name: '100 MB with 503',
    isBroken: true,
    fault: flood(head(503, { ...HUGE, 'retry-after': 9 }), 100 * MEGABYTE),
    ...unavailable,
    retryAfter: 9,
  },
  {
    name: 'a gzip bomb',
    isBroken: true,
    fault: say(answer(200, gzipSync(Buffer.alloc(100 * MEGABYTE, 0x20)), { 'content-encoding': 'gzip' })),
    ...badResponse,
  },
  {
    name: 'gzip that is none',
    isBroken: true,
    fault: say(answer(200, HALF, { 'content-encoding': 'gzip' })),
    ...badResponse,
  },
  {
    name: 'a refusal that is cut short',
    isBroken: true,
    fault: sayAndReset(`${head(401, JSON_OF_100_BYTES)}{"error":`),
    ...gatewayAuth,
  },
  { name: '401', fault: refuse(401, 'AuthenticationError'), ...gatewayAuth },
  { name: '401 without a body', fault: say(answer(401, '')), ...gatewayAuth },
  { name: '403', fault: refuse(403, 'AccessDenied'), ...gatewayAuth },
  { name: '402', fault: say(answer(402, '')), ...noBalance },
  { name: '403 AccountOverdueError', fault: refuse(403, 'AccountOverdueError'), ...noBalance },
  { name: '429 insufficient_quota', fault: refuse(429, 'insufficient_quota'), ...noBalance },
  {
    name: '404 for a model',
    fault: refuse(404, 'InvalidEndpointOrModel.NotFound'),
    code: 'MODEL_NOT_FOUND',
    retryable: false,
  },
  { name: '400', fault: refuse(400, 'InvalidParameter'), ...badInput },
  { name: '422', fault: refuse(422, 'InvalidParameter'), ...badInput },
  {
    name: '400 of the moderation',
    fault: refuse(400, 'InputTextRiskDetection'),
    code: 'CONTENT_REJECTED',
    retryable: false,
  },
  { name: '408', fault: refuse(408, 'Timeout'), ...timeout },
  ...[429, 503].flatMap((status): FaultCase[] => {
    const code = status === 429 ? 'RateLimitExceeded' : 'InternalServiceError';
    const meaning = status === 429 ? rateLimited : unavailable;
    const after = (value: string) => refuse(status, code, { 'retry-after': value });
    const inHalfAMinute = new Date(NOON + 30_000).toUTCString();
    const past = new Date(NOON - 30_000).toUTCString();
    return [
      { name: `${status} with Retry-After in seconds`, fault: after('7'), ...meaning, retryAfter: 7 },
      {
        name: `${status} with Retry-After as a date`,
        fault: after(inHalfAMinute),
        ...meaning,
        retryAfter: 30,
      },
      { name: `${status} with a Retry-After of three years`, fault: after('99999999'), ...meaning },
      {
        name: `${status} with a Retry-After that is no time`,
        fault: after('soon'),
        ...meaning,
        requests: 3,
      },
      {
        name: `${status} with a Retry-After below zero`,
        fault: after('-5'),
        ...meaning,
        requests: 3,
      },
      {
        name: `${status} with a Retry-After in the past`,
        fault: after(past),
        ...meaning,
        requests: 3,
      },
      {
        name: `${status} without Retry-After`,
        fault: refuse(status, code),
        ...meaning,
        requests: 3,
      },
    ];
  }),
];
