import type { AppError } from '../../src/errors.js';
import { gatewayError, parseRetryAfter, type RefusedAnswer } from '../../src/gateway/errors/gateway-error.js';
import type { CallFacts } from '../../src/gateway/types.js';

const KEY = 'sk-0123456789';
const NOW = Date.parse('2026-01-01T12:00:00Z');
const create: CallFacts = { operation: 'createContext', credential: { key: KEY, owner: 'server' } };
const chat: CallFacts = { ...create, operation: 'chat', contextId: 'ctx-1' };
const ownKey: CallFacts = { ...create, credential: { key: KEY, owner: 'caller' } };

function said(
  status: number,
  code?: string,
  message = 'no',
  more: Partial<RefusedAnswer> = {},
): RefusedAnswer {
  return { status, body: code === undefined ? null : { error: { code, message, type: 'error' } }, ...more };
}

const choose = (answer: RefusedAnswer, call: CallFacts): AppError => gatewayError(answer, call, () => NOW);

describe('what an answer of the gateway means', () => {
  const cases: [string, RefusedAnswer, CallFacts, string, boolean][] = [
    ['400 MissingParameter', said(400, 'MissingParameter'), create, 'BAD_USER_INPUT', false],
    ['400 InvalidParameter', said(400, 'InvalidParameter'), chat, 'BAD_USER_INPUT', false],
    [
      '400 on the length of the context',
      said(400, 'InvalidParameter', 'maximum context length is 32768, invalid'),
      chat,
      'BAD_USER_INPUT',
      false,
    ],
    ['422', said(422, 'InvalidParameter'), create, 'BAD_USER_INPUT', false],
    ['400 InputTextRiskDetection', said(400, 'InputTextRiskDetection'), create, 'CONTENT_REJECTED', false],
    ['400 OutputTextRiskDetection', said(400, 'OutputTextRiskDetection'), chat, 'CONTENT_REJECTED', false],
    ['401 on the server’s key', said(401, 'AuthenticationError'), create, 'GATEWAY_AUTH', false],
    ['401 on the caller’s key', said(401, 'AuthenticationError'), ownKey, 'UNAUTHENTICATED', false],
    ['403 on the server’s key', said(403, 'AccessDenied'), create, 'GATEWAY_AUTH', false],
    ['403 on the caller’s key', said(403, 'AccessDenied'), ownKey, 'FORBIDDEN', false],
    ['402', said(402), create, 'QUOTA_EXCEEDED', false],
    ['403 AccountOverdueError', said(403, 'AccountOverdueError'), create, 'QUOTA_EXCEEDED', false],
    ['429 insufficient_quota', said(429, 'insufficient_quota'), create, 'QUOTA_EXCEEDED', false],
    [
      '404 InvalidEndpointOrModel.NotFound',
      said(404, 'InvalidEndpointOrModel.NotFound'),
      create,
      'MODEL_NOT_FOUND',
      false,
    ],
    ['404 ModelNotOpen in a chat', said(404, 'ModelNotOpen'), chat, 'MODEL_NOT_FOUND', false],
    ['404 in a chat', said(404, 'NotFound'), chat, 'GATEWAY_BAD_RESPONSE', false],
    [
      '400 that names the context',
      said(400, 'InvalidParameter', 'The context ctx-1 has expired'),
      chat,
      'CONTEXT_NOT_FOUND',
      false,
    ],
    [
      '400 that names the context_id alone',
      said(400, 'InvalidParameter', 'Invalid context_id'),
      chat,
      'BAD_USER_INPUT',
      false,
    ],
    ['404 that is a page', said(404), chat, 'GATEWAY_BAD_RESPONSE', false],
    ['429 RateLimitExceeded', said(429, 'RateLimitExceeded'), create, 'RATE_LIMITED', true],
    ['429 QuotaExceeded', said(429, 'QuotaExceeded'), create, 'RATE_LIMITED', true],
    ['429 without a body', said(429), create, 'RATE_LIMITED', true],
    ['500 InternalServiceError', said(500, 'InternalServiceError'), create, 'GATEWAY_UNAVAILABLE', true],
    ['502 that is a page', said(502), create, 'GATEWAY_UNAVAILABLE', true],
    ['503', said(503), create, 'GATEWAY_UNAVAILABLE', true],
    ['504', said(504), create, 'GATEWAY_UNAVAILABLE', true],
    ['a redirect', said(302), create, 'GATEWAY_BAD_RESPONSE', true],
    ['405', said(405), create, 'GATEWAY_BAD_RESPONSE', true],
    ['200 with RateLimitExceeded', said(200, 'RateLimitExceeded'), create, 'RATE_LIMITED', true],
    ['200 with AuthenticationError', said(200, 'AuthenticationError'), create, 'GATEWAY_AUTH', false],
    ['200 with InvalidParameter', said(200, 'InvalidParameter'), create, 'BAD_USER_INPUT', false],
    ['200 with an error unheard of', said(200, 'Surprise'), create, 'GATEWAY_UNAVAILABLE', true],
  ];
  it.each(cases)('%s', (_, answer, call, code, retryable) => {
    const error = choose(answer, call);
    expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable });
    expect(error.details.gateway?.status).toBe(answer.status);
  });

  it('passes on the code and the request id, and nothing of the message', () => {
    const error = choose(
      said(400, 'InvalidParameter', `${KEY} said "my prompt". Request id: 0217abc`),
      create,
    );
    expect(error.details.gateway).toEqual({ status: 400, code: 'InvalidParameter', requestId: '0217abc' });
    expect(error.message).not.toMatch(/prompt|sk-/);
  });

  it('leaves out a code that could hold the key or a sentence', () => {
    for (const code of [`bad_key_${KEY}`, 'not one word', 'x'.repeat(81)]) {
      expect(choose(said(400, code), create).details.gateway).toEqual({ status: 400 });
    }
  });

  it('says how long to wait where the gateway does', () => {
    expect(choose(said(429, 'RateLimitExceeded', '', { retryAfter: '7' }), create).details.retryAfter).toBe(
      7,
    );
    expect(
      choose(said(503, 'x', '', { retryAfter: 'Thu, 01 Jan 2026 12:00:30 GMT' }), create).details.retryAfter,
    ).toBe(30);
  });

  it('gives no advice to wait for longer than a day', () => {
    expect(choose(said(503, 'x', '', { retryAfter: '86400' }), create).details.retryAfter).toBe(86_400);
    expect(choose(said(503, 'x', '', { retryAfter: '86401' }), create).details.retryAfter).toBeUndefined();
  });
});

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120],
    ['Thu, 01 Jan 2026 12:01:00 GMT', 60],
    ['Thu, 01 Jan 2026 11:00:00 GMT', undefined],
    ['99999999', 99_999_999],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%p is %p seconds', (value, seconds) => {
    expect(parseRetryAfter(value, () => NOW)).toBe(seconds);
  });
});
