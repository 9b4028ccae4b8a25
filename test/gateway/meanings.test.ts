import { ErrorCode } from '../../src/errors.js';
import { readHiddenEnvelope } from '../../src/gateway/errors/envelope.js';
import { gatewayError } from '../../src/gateway/errors/gateway-error.js';
import type { CallFacts } from '../../src/gateway/types.js';

const server: CallFacts = {
  operation: 'chat',
  credential: { key: 'sk-0', owner: 'server' },
  contextId: 'ctx-1',
};
const caller: CallFacts = { ...server, credential: { key: 'sk-0', owner: 'caller' } };
const create: CallFacts = { ...server, operation: 'createContext' };
const models: CallFacts = { ...server, operation: 'models' };

type Row = [status: number, body: unknown, code: `${ErrorCode}`, retryable: boolean, call?: CallFacts];
const error = (code: unknown, message = 'no', more: object = {}) => ({ error: { code, message, ...more } });

/** What each body means, whichever form it has. */
const ROWS: Record<string, Row[]> = {
  'an error that is an object': [
    [400, error('InvalidParameter'), 'BAD_USER_INPUT', false],
    [400, error(null, 'no', { type: 'invalid_request_error' }), 'BAD_USER_INPUT', false],
    [500, error('InternalServiceError'), 'GATEWAY_UNAVAILABLE', true],
    [
      500,
      error('InternalServiceError', 'no', { type: 'invalid_request_error' }),
      'GATEWAY_UNAVAILABLE',
      true,
    ],
    [409, error('Conflict'), 'BAD_USER_INPUT', false],
  ],
  'an error that is a text': [
    [400, { error: 'unknown content type' }, 'BAD_USER_INPUT', false],
    [200, { error: 'unknown content type' }, 'BAD_USER_INPUT', false],
    [200, { error: 'Rate limit reached' }, 'RATE_LIMITED', true],
    [200, { error: 'upstream timed out' }, 'GATEWAY_UNAVAILABLE', true],
    [401, { error: 'Unauthorized' }, 'GATEWAY_AUTH', false],
    [404, { error: "model 'x' not found" }, 'MODEL_NOT_FOUND', false],
    [429, { error: 'slow down' }, 'RATE_LIMITED', true],
  ],
  'a list': [
    [400, [{ error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } }], 'BAD_USER_INPUT', false],
    [200, [{ error: { code: 429, message: 'no', status: 'RESOURCE_EXHAUSTED' } }], 'RATE_LIMITED', true],
    [400, { errors: [{ code: 'InvalidParameter', message: 'no' }] }, 'BAD_USER_INPUT', false],
  ],
  'a detail': [
    [
      422,
      { detail: [{ loc: ['body', 'messages'], msg: 'field required', type: 'missing' }] },
      'BAD_USER_INPUT',
      false,
    ],
    [200, { detail: [{ loc: ['body', 'n'], msg: 'no', type: 'value_error' }] }, 'BAD_USER_INPUT', false],
    [400, { detail: 'n must be 1' }, 'BAD_USER_INPUT', false],
    [401, { detail: 'Not authenticated' }, 'GATEWAY_AUTH', false],
    [404, { detail: 'Not Found' }, 'GATEWAY_BAD_RESPONSE', false],
    [429, { detail: { error: { code: 'insufficient_quota' } } }, 'QUOTA_EXCEEDED', false],
  ],
  'codes at the top': [
    [400, { code: 'InvalidParameter', message: 'no', request_id: 'r' }, 'BAD_USER_INPUT', false],
    [200, { code: 'Throttling.RateQuota', message: 'no' }, 'RATE_LIMITED', true],
    [200, { base_resp: { status_code: 1008, status_msg: 'insufficient balance' } }, 'QUOTA_EXCEEDED', false],
    [404, { status: 404, error: 'Not Found', path: '/context/create' }, 'GATEWAY_BAD_RESPONSE', false],
  ],
  'a refusal under 200 with the fields of a success, which are empty': [
    [200, { code: 402, msg: '余额不足', data: {} }, 'QUOTA_EXCEEDED', false],
    [200, { code: 401, message: 'invalid token', data: '' }, 'GATEWAY_AUTH', false],
    [200, { code: 429, message: 'too many requests', data: {} }, 'RATE_LIMITED', true],
    [200, { success: false, message: 'insufficient quota', data: [] }, 'QUOTA_EXCEEDED', false],
    [200, { code: 'RateLimitExceeded', message: 'x', choices: [] }, 'RATE_LIMITED', true],
    [200, { code: 'AccountOverdueError', message: 'x', id: '', usage: {} }, 'QUOTA_EXCEEDED', false],
  ],
  'numbers for codes': [
    [200, error(400), 'BAD_USER_INPUT', false],
    [200, error(401), 'GATEWAY_AUTH', false],
    [200, error(402), 'QUOTA_EXCEEDED', false],
    [200, error(413), 'BAD_USER_INPUT', false],
    [200, error('429'), 'RATE_LIMITED', true],
    [200, error(502), 'GATEWAY_UNAVAILABLE', true],
    [500, error(400), 'BAD_USER_INPUT', false],
    [200, error(1_001), 'GATEWAY_UNAVAILABLE', true],
  ],
  'an envelope within a message': [
    [
      500,
      error('upstream_error', 'upstream: {"error":{"code":"InvalidParameter","message":"x"}}'),
      'BAD_USER_INPUT',
      false,
    ],
    [500, error(null, '[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]'), 'RATE_LIMITED', true],
    [500, { error: '{"error":"{\\"code\\":\\"Arrearage\\"}"}' }, 'QUOTA_EXCEEDED', false],
  ],
  'no envelope': [
    [400, undefined, 'BAD_USER_INPUT', false],
    [401, undefined, 'GATEWAY_AUTH', false],
    [403, undefined, 'GATEWAY_BAD_RESPONSE', false],
    [403, undefined, 'GATEWAY_BAD_RESPONSE', false, caller],
    [404, undefined, 'GATEWAY_BAD_RESPONSE', false],
    [404, undefined, 'GATEWAY_BAD_RESPONSE', false, models],
    [405, undefined, 'GATEWAY_BAD_RESPONSE', true],
    [408, undefined, 'GATEWAY_TIMEOUT', true],
    [413, undefined, 'BAD_USER_INPUT', false],
    [429, undefined, 'RATE_LIMITED', true],
    [503, undefined, 'GATEWAY_UNAVAILABLE', true],
    [524, undefined, 'GATEWAY_TIMEOUT', true],
    [500, { error: {} }, 'GATEWAY_UNAVAILABLE', true],
  ],
  'content that was refused': [
    [500, error('sensitive_words_detected'), 'CONTENT_REJECTED', false],
    [400, error('prompt_blocked'), 'CONTENT_REJECTED', false],
    [400, error('DataInspectionFailed'), 'CONTENT_REJECTED', false],
    [403, error(403, 'The model requires moderation and your input was flagged'), 'CONTENT_REJECTED', false],
    [400, error('InputTextSensitiveContentDetected'), 'CONTENT_REJECTED', false],
    [
      400,
      error('content_filter', 'no', { innererror: { code: 'ResponsibleAIPolicyViolation' } }),
      'CONTENT_REJECTED',
      false,
    ],
    [
      400,
      error(400, 'request blocked: PROHIBITED_CONTENT', { status: 'INVALID_ARGUMENT' }),
      'CONTENT_REJECTED',
      false,
    ],
  ],
  'no balance': [
    [403, error('pre_consume_token_quota_failed'), 'QUOTA_EXCEEDED', false],
    [403, error('OperationDenied.ServiceOverdue'), 'QUOTA_EXCEEDED', false],
    [400, { code: 'Arrearage', message: 'no' }, 'QUOTA_EXCEEDED', false],
    [403, error('insufficient_user_quota'), 'QUOTA_EXCEEDED', false],
    [429, error('billing_hard_limit_reached'), 'QUOTA_EXCEEDED', false],
    [400, error(null, 'Your credit balance is too low'), 'QUOTA_EXCEEDED', false],
    [403, error('', '用户额度不足'), 'QUOTA_EXCEEDED', false],
  ],
  'too many requests': [
    [429, error('QuotaExceeded'), 'RATE_LIMITED', true],
    [429, error('ServerOverloaded'), 'RATE_LIMITED', true],
    [
      429,
      error(429, 'You exceeded your current quota', { status: 'RESOURCE_EXHAUSTED' }),
      'RATE_LIMITED',
      true,
    ],
    [400, { code: 'Throttling.AllocationQuota', message: 'no' }, 'RATE_LIMITED', true],
    [429, error('token_limit_exceeded', 'no', { type: 'tokens' }), 'RATE_LIMITED', true],
    [
      403,
      error('OperationDenied.InvalidState', 'The context is in invalid state: InProgress'),
      'RATE_LIMITED',
      true,
    ],
  ],
  'trouble of the gateway': [
    [529, error(null, 'Overloaded', { type: 'overloaded_error' }), 'GATEWAY_UNAVAILABLE', true],
    [200, error(null, 'Overloaded', { type: 'overloaded_error' }), 'GATEWAY_UNAVAILABLE', true],
    [503, error(503, 'The model is overloaded.', { status: 'UNAVAILABLE' }), 'GATEWAY_UNAVAILABLE', true],
    [
      503,
      error('', 'no available channel for model x', { type: 'new_api_error' }),
      'GATEWAY_UNAVAILABLE',
      true,
    ],
    [503, error('invalid_request_error', 'Service is too busy'), 'GATEWAY_UNAVAILABLE', true],
    [502, error(null, 'no', { type: 'invalid_request_error' }), 'GATEWAY_UNAVAILABLE', true],
    [504, error(504, 'no', { status: 'DEADLINE_EXCEEDED' }), 'GATEWAY_TIMEOUT', true],
    [200, error('server_error', 'unknown error'), 'GATEWAY_UNAVAILABLE', true],
    [500, error(500, 'context deadline exceeded'), 'GATEWAY_UNAVAILABLE', true],
  ],
  'a refused key': [
    [
      400,
      error(400, 'no', { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] }),
      'GATEWAY_AUTH',
      false,
    ],
    [
      401,
      error('invalid_api_key', 'no', { type: 'invalid_request_error' }),
      'UNAUTHENTICATED',
      false,
      caller,
    ],
    [403, error(403, 'no', { status: 'PERMISSION_DENIED' }), 'FORBIDDEN', false, caller],
    [403, error(403, 'no', { status: 'PERMISSION_DENIED' }), 'GATEWAY_AUTH', false],
    [403, error('AccessDenied'), 'FORBIDDEN', false, caller],
    [400, error(400, 'API key not valid. Please pass a valid API key.'), 'GATEWAY_AUTH', false],
  ],
  'a model that is not there': [
    [404, error('InvalidEndpoint.NotFound'), 'MODEL_NOT_FOUND', false],
    [400, error('InvalidEndpoint.ClosedEndpoint'), 'MODEL_NOT_FOUND', false],
    [503, error('model_not_found'), 'MODEL_NOT_FOUND', false],
    [
      404,
      error(404, 'models/x is not found for API version v1beta', { status: 'NOT_FOUND' }),
      'MODEL_NOT_FOUND',
      false,
    ],
    [404, error(null, 'model: x', { type: 'not_found_error' }), 'MODEL_NOT_FOUND', false],
    [404, error('DeploymentNotFound'), 'MODEL_NOT_FOUND', false],
  ],
  'a wrong address': [
    [
      404,
      error('', 'Invalid URL (POST /context/create)', { type: 'invalid_request_error' }),
      'GATEWAY_BAD_RESPONSE',
      false,
      create,
    ],
    [404, error('unknown_url', 'Unknown request URL: GET /models'), 'GATEWAY_BAD_RESPONSE', false, models],
    [404, error('NotFound'), 'GATEWAY_BAD_RESPONSE', false, models],
  ],
  'a prompt that is too long': [
    [400, error('context_length_exceeded', 'maximum context length is 32768'), 'BAD_USER_INPUT', false],
    [400, error('OutofContextError'), 'BAD_USER_INPUT', false],
    [400, error(null, 'no', { type: 'ContextWindowExceededError' }), 'BAD_USER_INPUT', false],
    [413, error('rate_limit_exceeded'), 'BAD_USER_INPUT', false],
    [400, error('token_limit_exceeded'), 'BAD_USER_INPUT', false],
  ],
};

describe.each(Object.entries(ROWS))('a refusal: %s', (_, rows) => {
  it.each(rows)('%p %j means %s, retryable: %p', (status, body, code, retryable, call = server) => {
    const { code: chosen, retryable: mayRetry } = gatewayError({ status, body }, call);
    expect([chosen, mayRetry]).toEqual([code, retryable]);
  });
});

describe('an answer under 200', () => {
  it.each([
    { success: true, message: '', data: [] },
    { object: 'list', message: 'ok', code: 0, data: [] },
    { code: 200, msg: 'success', data: {} },
    { object: 'list', data: [] },
    { code: 'success', message: 'ok', data: [{ id: 'm' }] },
    { id: 'c', message: 'x', choices: [] },
    { message: 'x', choices: [{}] },
    { choices: [], usage: { prompt_tokens: 1 }, code: 'x' },
    { choices: [], usage: null },
  ])('is no refusal: %j', (body) => {
    expect(readHiddenEnvelope(body)).toBeNull();
  });

  it.each([
    { code: 402, msg: '余额不足', data: {} },
    { code: 'RateLimitExceeded', message: 'x', choices: [] },
    { code: 'AccountOverdueError', message: 'x', id: '' },
    { success: false, message: 'no', data: [] },
  ])('is a refusal where nothing but an error is in it: %j', (body) => {
    expect(readHiddenEnvelope(body)).not.toBeNull();
  });
});

describe('what a refusal says of a field', () => {
  const fieldsAfter = (param: string, call: CallFacts) =>
    gatewayError({ status: 400, body: error('InvalidParameter', 'no', { param }) }, call).details.fields?.map(
      ({ path }) => path,
    );

  it.each([
    ['messages[0].content', ['input', 'messages', 0, 'content']],
    ['messages.[2].role', ['input', 'messages', 2, 'role']],
    ['$.messages[0].tool_calls', ['input', 'messages', 0]],
    ['body.max_tokens', ['input', 'maxTokens']],
    ['top_p', ['input', 'topP']],
    ['context_id', ['input', 'contextId']],
    ['tools', undefined],
    ['stream_options', undefined],
    ['__proto__', undefined],
    ['404', undefined],
    ['', undefined],
  ])('of a chat: %p', (param, path) => {
    expect(fieldsAfter(param, server)).toEqual(path && [path]);
  });

  it.each([
    ['ttl', ['input', 'ttl']],
    ['truncation_strategy.last_history_tokens', ['input', 'truncationStrategy', 'lastHistoryTokens']],
    ['temperature', undefined],
  ])('of a creation: %p', (param, path) => {
    expect(fieldsAfter(param, create)).toEqual(path && [path]);
  });

  it('is read from FastAPI’s list and from Google’s violations', () => {
    const detail = [{ loc: ['body', 'messages', 1, 'content'], msg: 'no', type: 'missing' }];
    const violations = [{ fieldViolations: [{ field: 'temperature', description: 'no' }] }];
    for (const [body, path] of [
      [{ detail }, ['input', 'messages', 1, 'content']],
      [error(400, 'no', { details: violations }), ['input', 'temperature']],
    ] as const) {
      const { details } = gatewayError({ status: 400, body }, server);
      expect(details.fields).toEqual([{ path, message: 'is refused by the gateway' }]);
    }
  });

  it('is nothing where the input is not at fault', () => {
    const { details } = gatewayError(
      { status: 404, body: error('ModelNotOpen', 'no', { param: 'model' }) },
      server,
    );
    expect(details.fields).toBeUndefined();
  });

  it.each([
    ['Cached content is too small. total_token_count=8, min_total_token_count=1024', '1024'],
    ['The cached content is of 8 tokens. The minimum token count to start caching is 4096.', '4096'],
  ])('is how long a prompt must be to be cached: %s', (message, least) => {
    const body = error(400, message, { status: 'INVALID_ARGUMENT' });
    const { code, message: shown, details } = gatewayError({ status: 400, body }, create);
    expect(code).toBe('BAD_USER_INPUT');
    expect(shown).toContain(`at least ${least} tokens`);
    expect(details.fields).toMatchObject([{ path: ['input', 'messages'] }]);
  });
});

describe('how long to wait', () => {
  it.each([
    ['RetryInfo', { status: 429, body: error(429, 'no', { details: [{ retryDelay: '12s' }] }) }, 12],
    [
      'RetryInfo of a fraction',
      { status: 429, body: error(429, 'no', { details: [{ retryDelay: '2.1s' }] }) },
      3,
    ],
    ['retry-after-ms', { status: 429, body: undefined, retryAfterMs: '1500', retryAfter: '9' }, 2],
    ['a fraction in Retry-After', { status: 503, body: undefined, retryAfter: '12.5' }, 13],
  ])('is read from %s', (_, answer, seconds) => {
    expect(gatewayError(answer, server).details.retryAfter).toBe(seconds);
  });
});

describe('a failed call', () => {
  it.each([502, 504, 520, 522, 524])('that a proxy answers with %d has lost its answer', (status) => {
    expect(gatewayError({ status, body: undefined }, server).failure.delivery).toBe('lost');
  });
});

describe('what a failed call says of the gateway’s health', () => {
  it.each([
    [500, undefined, 'unhealthy'],
    [502, undefined, 'unhealthy'],
    [500, error('sensitive_words_detected'), 'unknown'],
    [503, error(503, 'The model is overloaded.'), 'unknown'],
    [200, error('server_error'), 'unknown'],
    [403, undefined, 'unknown'],
    [404, undefined, 'unknown'],
    [400, error('InvalidParameter'), 'healthy'],
    [401, undefined, 'healthy'],
    [429, undefined, 'healthy'],
  ] as const)('%p %j: %s', (status, body, health) => {
    expect(gatewayError({ status, body }, server).failure.health).toBe(health);
  });
});
