import { ErrorCode } from '../../src/errors.js';
import { type Delivery, mayHaveBeenProcessed } from '../../src/gateway/errors/gateway-error.js';

const { GATEWAY_BAD_RESPONSE, GATEWAY_TIMEOUT, GATEWAY_UNAVAILABLE, RATE_LIMITED, BAD_USER_INPUT } =
  ErrorCode;

describe('a request to the gateway that failed', () => {
  it.each<[boolean, Delivery, ErrorCode, number | undefined]>([
    [false, 'unsent', GATEWAY_UNAVAILABLE, undefined],
    [false, 'unsent', GATEWAY_TIMEOUT, undefined],
    [false, 'refused', GATEWAY_UNAVAILABLE, 503],
    [false, 'refused', RATE_LIMITED, 429],
    [true, 'lost', GATEWAY_UNAVAILABLE, undefined],
    [true, 'lost', GATEWAY_TIMEOUT, undefined],
    [true, 'lost', GATEWAY_BAD_RESPONSE, undefined],
    [true, 'lost', GATEWAY_UNAVAILABLE, 502],
    [true, 'answered', GATEWAY_UNAVAILABLE, 500],
    [true, 'answered', GATEWAY_UNAVAILABLE, 200],
    [true, 'answered', GATEWAY_TIMEOUT, 408],
    [true, 'answered', GATEWAY_BAD_RESPONSE, 200],
    [true, 'answered', GATEWAY_BAD_RESPONSE, undefined],
    [false, 'answered', GATEWAY_BAD_RESPONSE, 404],
    [false, 'answered', BAD_USER_INPUT, 400],
  ])('may have been processed (%s): %s, %s, status %s', (expected, delivery, code, status) => {
    const details = status === undefined ? {} : { gateway: { status } };
    expect(mayHaveBeenProcessed(delivery, code, details)).toBe(expected);
  });
});
