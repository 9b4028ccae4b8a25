import fc from 'fast-check';
import { readEnvelope } from '../../src/gateway/errors/envelope.js';
import { isContextLost } from '../../src/gateway/errors/lost-context.js';

const ID = 'ctx-20241211104333-12345';
const GEMINI = 'projects/370/locations/global/cachedContents/169217';

function isLost(status: number, error: object, id = ID): boolean {
  const said = readEnvelope({ error });
  return said !== null && isContextLost(said, said.status ?? status, id);
}

describe('a context that is reported lost', () => {
  it.each([
    [404, { code: 'ContextNotFound' }],
    [400, { code: 'InvalidParameter.PreviousResponseNotFound', param: 'previous_response_id' }],
    [404, { code: 'context_not_found' }],
    [500, { code: 'upstream_error', message: '{"error":{"code":"ContextNotFound"}}' }],
    [400, { code: 'CACHED_CONTENT_NOT_FOUND' }],
    [410, { type: 'ContextExpiredError' }],
    [500, { code: 'ContextIdNotExist' }],
    [404, { message: 'no', param: 'context_id' }],
    [404, { code: 'NotFound.context_id', message: 'no' }],
    [404, { code: 'NotFound.previous_response_id', message: 'no' }],
    [400, { code: 'ResourceNotFound', param: 'context_id' }],
    [400, { message: `The context ${ID} has expired` }],
    [404, { message: `The specified context "${ID}" does not exist or has expired. Request id: 0217` }],
    [404, { message: `Context ${ID} not found` }],
    [404, { code: 'NotFound', message: 'context not found' }],
    [404, { message: 'The specified context does not exist or has expired. Request id: 0217' }],
    [400, { message: 'Context expired' }],
    [404, { message: `context_id: ${ID} could not be found.` }],
    [400, { message: `No such context: ${ID}` }],
    [400, { message: `The parameter \`context_id\` is not valid: context ${ID} has expired. Request id: 1` }],
    [400, { message: 'The parameter `context_id` is not valid: context not found. Request id: 1' }],
    [400, { message: 'The parameter `context_id` is not valid: the context does not exist or has expired' }],
    [404, { code: 'NotFound.context_id', message: `context_id not found: ${ID}` }],
    [400, { message: `Previous response with id '${ID}' not found.` }],
    [404, { code: 'bad_response_status_code', message: 'previous_response_id not found' }],
    [400, { message: `上下文 ${ID} 已过期` }],
    [400, { message: '上下文不存在或已过期' }],
    [400, { message: `上下文不存在：${ID}` }],
    [400, { code: 'InvalidParameter', param: 'context_id', message: `The context ${ID} has expired` }],
    [400, { code: 'InvalidParameter', param: 'context_id', message: 'context not found' }],
    [200, { code: 'InvalidParameter', param: 'context_id', message: 'context not found' }],
    [200, { code: 'InvalidParameter', message: `The context ${ID} has expired` }],
    [200, { param: 'context_id', message: `The context ${ID} has expired` }],
    [200, { message: 'context not found' }],
  ])('%p %j', (status, error) => {
    expect(isLost(status, error)).toBe(true);
  });

  it.each([
    [403, 'CachedContent not found (or permission denied)'],
    [404, 'CachedContent not found (or permission denied) (request id: 2026x)'],
    [400, 'Cache content 169217 is expired.'],
    [404, 'Not found: cached content metadata for 169217.'],
  ])('in Google’s words: %p %s', (status, message) => {
    expect(isLost(status, { code: status, message }, GEMINI)).toBe(true);
    const said = readEnvelope([{ error: { code: status, message } }]);
    expect(said && isContextLost(said, status, GEMINI)).toBe(true);
  });
});

describe('a refusal that leaves the context alone', () => {
  it.each([
    [404, {}],
    [404, { code: 'NotFound', message: 'not found' }],
    [404, { code: 'NotFound', message: 'the context of the model was not found' }],
    [403, { code: 'NotFound', message: 'context not found' }],
    [500, { code: 'NotFound', message: 'context not found' }],
    [404, { message: 'context not found: deadline exceeded' }],
    [404, { code: 'bad_response_status_code', message: 'bad response status code 404', param: '404' }],
    [404, { code: 'InvalidEndpoint.NotFound', message: 'The endpoint does not exist' }],
    [404, { code: 'NotFound.model', message: 'no' }],
    [400, { code: 'InvalidParameter.context_id', message: 'no' }],
    [404, { message: 'Invalid URL (POST /context/chat/completions)' }],
    [400, { code: 'context_length_exceeded', message: 'maximum context length is 32768' }],
    [400, { code: 'OutofContextError' }],
    [400, { type: 'ContextWindowExceededError' }],
    [500, { message: 'context deadline exceeded' }],
    [400, { code: 'InvalidParameter', param: 'context_id', message: `${ID} is too long` }],
    [200, { code: 'InvalidParameter', param: 'context_id', message: `${ID} is too long` }],
    [400, { code: 'InvalidParameter', param: 'context_id', message: 'context_id is required' }],
    [400, { param: 'context_id', message: `The model of context ${ID} was not found` }],
    [500, { code: 'InternalServiceError', param: 'context_id', message: 'context not found' }],
    [302, { message: 'context not found' }],
    [200, { param: 'context_id', message: 'no' }],
    [200, { message: 'not found' }],
    [200, { code: 500, message: `Context ${ID} not found` }],
    [400, { message: `The model x does not match the model of context ${ID}.`, param: 'model' }],
    [404, { message: `The model of context ${ID} was not found` }],
    [400, { message: `Context ${ID} is not expired` }],
    [400, { message: `Context ${ID} has expired credentials` }],
    [400, { message: 'The context ctx-another has expired' }],
    [403, { message: `Context ${ID} not found` }],
    [500, { message: `Context ${ID} not found` }],
    [400, { message: 'Cache content 16921 is expired.' }],
    [404, { message: `The model is of context: ${ID} was not found` }],
    [404, { message: `no channel: ${ID} not found` }],
    [400, { message: 'Invalid content: {"error":{"code":"ContextNotFound"}}' }],
    [400, { message: `Invalid content: "hi. Context ${ID} not found"` }],
    [400, { message: `The parameter messages is not valid: context ${ID} not found` }],
    [400, { message: 'The parameter messages is not valid: context not found' }],
    [400, { message: 'The parameter `context_id` is not valid: model not found' }],
    [400, { message: 'The parameter `context_id` is not valid: context not found in the prompt' }],
    [404, { message: 'context not found: ctx-another' }],
    [404, { message: 'Response not found' }],
    [400, { message: "Previous response with id 'resp_another' not found." }],
    [404, { message: `model of the context not found: ${ID}` }],
    [404, { message: `${'x '.repeat(300)}. Context ${ID} not found` }],
    [403, { code: 'OperationDenied.InvalidState', message: `context ${ID} is in invalid state: InProgress` }],
    [403, { code: 403, message: 'permission denied', status: 'PERMISSION_DENIED' }],
  ])('%p %j', (status, error) => {
    expect(isLost(status, error)).toBe(false);
  });

  it('is every sentence made of what gateways say of other things', () => {
    const fragments = [
      ...[
        'model',
        'the model',
        'endpoint',
        'file',
        'tool',
        'message',
        'key',
        'channel',
        'user',
        'of',
        'for',
        'in',
      ],
      ...[
        'context',
        'context length',
        'context window',
        'context deadline',
        'cached content',
        'context_id',
        'cache',
      ],
      ...[
        'not found',
        'does not exist',
        'exceeded',
        'expired',
        'invalid',
        'is too small',
        'no such',
        'unknown',
        '.',
      ],
    ];
    const sentence = fc
      .array(fc.constantFrom(...fragments), { maxLength: 8 })
      .map((parts) => parts.join(' '));
    const status = fc.constantFrom(200, 400, 403, 404, 410, 429, 500, 503);
    fc.assert(
      fc.property(
        status,
        sentence,
        fc.constantFrom('', 'NotFound', 'InvalidParameter'),
        (code, message, named) => {
          // "context not found" alone is what a lost context is told by.
          fc.pre(
            !/^(context|cached content|context_id) (not found|does not exist|expired)( \.)?$/.test(message),
          );
          expect(isLost(code, { code: named, message })).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is every sentence that names this context and says that something else is gone', () => {
    const subject = fc.constantFrom('model', 'endpoint', 'file', 'key', 'message', 'channel', 'owner', 'ttl');
    const relation = fc.constantFrom('of', 'for', 'in', 'used by', 'named by');
    const delivery = fc.constantFrom(
      'not found',
      'does not exist',
      'has expired',
      'is expired',
      'is no longer valid',
    );
    fc.assert(
      fc.property(subject, relation, delivery, fc.boolean(), (what, how, gone, isFirst) => {
        const message = isFirst
          ? `The ${what} ${how} context ${ID} ${gone}`
          : `${gone}: ${what} ${how} context ${ID}`;
        for (const status of [200, 404]) expect(isLost(status, { message })).toBe(false);
      }),
    );
  });
});
