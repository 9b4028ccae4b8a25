import { keyFate } from '../../src/coordination/key-fate.js';
import { AppError, afterProcessing, contextNotFound, ErrorCode, shuttingDown } from '../../src/errors.js';

const failure = (code: ErrorCode, details = {}) => new AppError(code, 'no', details);
const refused = (code: ErrorCode) => failure(code, { gateway: { status: 400 } });

describe('the idempotency key of a request that failed', () => {
  it.each([
    ['free', 'before the call', failure(ErrorCode.BAD_USER_INPUT)],
    ['free', 'for want of the context', contextNotFound()],
    ['free', 'by a limit', failure(ErrorCode.RATE_LIMITED)],
    ['free', 'because the store was away before the call', failure(ErrorCode.INTERNAL_SERVER_ERROR)],
    ['free', 'because the server ends', shuttingDown()],
    ['free', 'without a connection', failure(ErrorCode.GATEWAY_UNAVAILABLE)],
    ['free', 'by the operator’s key', refused(ErrorCode.GATEWAY_AUTH)],
    ['free', 'by the account', refused(ErrorCode.QUOTA_EXCEEDED)],
    ['free', 'by the caller’s credential', refused(ErrorCode.UNAUTHENTICATED)],
    ['kept', 'by the gateway’s rules', refused(ErrorCode.BAD_USER_INPUT)],
    ['kept', 'by moderation', refused(ErrorCode.CONTENT_REJECTED)],
    ['kept', 'by the model’s name', refused(ErrorCode.MODEL_NOT_FOUND)],
    ['kept', 'by a context that the gateway does not know', refused(ErrorCode.CONTEXT_NOT_FOUND)],
    ['spent', 'on the way back', failure(ErrorCode.GATEWAY_TIMEOUT, { mayHaveBeenProcessed: true })],
    ['spent', 'by a bug', new TypeError('x is not a function')],
  ])('is %s where it failed %s', (fate, _, error) => {
    expect(keyFate(error)).toBe(fate);
  });

  it('is spent by whatever fails once the gateway has answered', async () => {
    for (const reason of [failure(ErrorCode.INTERNAL_SERVER_ERROR), new TypeError('x')]) {
      const failed = afterProcessing(() => Promise.reject(reason)).catch((error) => error);
      expect(keyFate(await failed)).toBe('spent');
    }
  });
});
