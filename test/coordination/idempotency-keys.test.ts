import { keyStateAfter } from '../../src/coordination/idempotency.js';
import { AppError, afterProcessing, contextNotFound, ErrorCode, shuttingDown } from '../../src/errors.js';

const failure = (code: ErrorCode, details = {}) => new AppError(code, 'no', details);
const refused = (code: ErrorCode) => failure(code, { gateway: { status: 400 } });

describe('the idempotency key of a request that failed', () => {
  it.each([
    ['reusable', 'before the call', failure(ErrorCode.BAD_USER_INPUT)],
    ['reusable', 'for want of the context', contextNotFound()],
    ['reusable', 'by a limit', failure(ErrorCode.RATE_LIMITED)],
    ['reusable', 'because the store was away before the call', failure(ErrorCode.INTERNAL_SERVER_ERROR)],
    ['reusable', 'because the server ends', shuttingDown()],
    ['reusable', 'without a connection', failure(ErrorCode.GATEWAY_UNAVAILABLE)],
    ['reusable', 'by the operator’s key', refused(ErrorCode.GATEWAY_AUTH)],
    ['reusable', 'by the account', refused(ErrorCode.QUOTA_EXCEEDED)],
    ['reusable', 'by the caller’s credential', refused(ErrorCode.UNAUTHENTICATED)],
    ['stored', 'by the gateway’s rules', refused(ErrorCode.BAD_USER_INPUT)],
    ['stored', 'by moderation', refused(ErrorCode.CONTENT_REJECTED)],
    ['stored', 'by the model’s name', refused(ErrorCode.MODEL_NOT_FOUND)],
    ['stored', 'by a context that the gateway does not know', refused(ErrorCode.CONTEXT_NOT_FOUND)],
    ['consumed', 'on the way back', failure(ErrorCode.GATEWAY_TIMEOUT, { mayHaveBeenProcessed: true })],
    ['consumed', 'by a bug', new TypeError('x is not a function')],
  ])('is %s if the request failed %s', (delivery, _, error) => {
    expect(keyStateAfter(error)).toBe(delivery);
  });

  it('is consumed by any failure after the gateway has answered', async () => {
    for (const reason of [failure(ErrorCode.INTERNAL_SERVER_ERROR), new TypeError('x')]) {
      const failed = afterProcessing(() => Promise.reject(reason)).catch((error) => error);
      expect(keyStateAfter(await failed)).toBe('consumed');
    }
  });
});
