import fc from 'fast-check';
import {
  acceptedBy,
  GRAPHQL_TYPE,
  isJson,
  JSON_TYPE,
  prefersHtml,
} from '../../../src/transports/http/media-types.js';

const URQL =
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';

describe('Accept', () => {
  it.each([
    [undefined, JSON_TYPE, 'nothing'],
    ['', JSON_TYPE, 'nothing'],
    ['*/*', JSON_TYPE, 'nothing'],
    ['application/*', JSON_TYPE, 'nothing'],
    ['application/json', JSON_TYPE, 'nothing'],
    ['APPLICATION/JSON', JSON_TYPE, 'nothing'],
    ['application/json; charset=UTF-8', JSON_TYPE, 'nothing'],
    ['application/json;charset="utf-8"', JSON_TYPE, 'nothing'],
    ['application/graphql-response+json', GRAPHQL_TYPE, 'nothing'],
    ['application/graphql-response+json,application/json;q=0.9', GRAPHQL_TYPE, 'nothing'],
    ['application/json, application/graphql-response+json', JSON_TYPE, 'nothing'],
    ['application/json;q=0.5, application/graphql-response+json;q=0.8', GRAPHQL_TYPE, 'nothing'],
    ['application/json;q=0, */*', GRAPHQL_TYPE, 'nothing'],
    ['multipart/mixed;subscriptionSpec=1.0,application/json', JSON_TYPE, 'nothing'],
    ['text/event-stream', JSON_TYPE, 'everything'],
    ['TEXT/Event-Stream', JSON_TYPE, 'everything'],
    ['text/event-stream; charset=utf-8', JSON_TYPE, 'everything'],
    ['text/event-stream, application/json', JSON_TYPE, 'everything'],
    ['application/graphql-response+json;q=0.9, text/event-stream', GRAPHQL_TYPE, 'everything'],
    ['*/*;q=0.1, text/event-stream', JSON_TYPE, 'everything'],
    ['application/json, text/event-stream', JSON_TYPE, 'subscriptions'],
    ['text/event-stream;q=0.1, application/json', JSON_TYPE, 'subscriptions'],
    [URQL, GRAPHQL_TYPE, 'subscriptions'],
    ['application/json, text/event-stream;q=0', JSON_TYPE, 'nothing'],
    ['*/*, text/event-stream;q=0', JSON_TYPE, 'nothing'],
    ['application/json; note="text/event-stream", */*;q=0.1', JSON_TYPE, 'nothing'],
  ])('%p is answered as %s, and streams %s', (accept, type, streams) => {
    expect(acceptedBy(accept)).toEqual({ type, streams });
  });

  it.each(['text/html', 'application/json;q=0', 'text/event-stream;q=0', 'image/*', 'json', ';', ',,', '*'])(
    '%p accepts nothing that is served here',
    (accept) => {
      expect(acceptedBy(accept)).toBeNull();
    },
  );

  it('is weighed as RFC 9110 says, in any order and case', () => {
    const types = ['application/json', 'application/graphql-response+json', 'text/event-stream', 'text/html'];
    const weights = fc.tuple(...types.map(() => fc.integer({ min: 0, max: 1_000 })));
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(weights, order, fc.boolean(), (given, indexes, isUpper) => {
        fc.pre(new Set(given).size === given.length);
        const header = indexes.map((index) => `${types[index]};q=${Number(given[index]) / 1_000}`).join(', ');
        const [json = 0, graphql = 0, stream = 0] = given;
        const type = graphql > json ? GRAPHQL_TYPE : JSON_TYPE;
        const isFirst = stream > Math.max(json, graphql);
        const streams = isFirst ? 'everything' : stream > 0 ? 'subscriptions' : 'nothing';
        const right = json + graphql + stream === 0 ? null : { type, streams };
        expect(acceptedBy(isUpper ? header.toUpperCase() : header)).toEqual(right);
      }),
    );
  });

  it('may be any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z*/;=,q.01" ]{0,60}$/)), (accept) => {
        expect(acceptedBy(accept)).toEqual(acceptedBy(accept));
        expect(typeof prefersHtml(accept)).toBe('boolean');
        expect(typeof isJson(accept)).toBe('boolean');
      }),
    );
  });
});

describe('a visit of a browser', () => {
  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['TEXT/HTML', true],
    ['application/json, text/html;q=0.9', false],
    ['text/html;q=0, */*', false],
    ['*/*', false],
    [undefined, false],
  ])('is told by %p: %p', (accept, isVisit) => {
    expect(prefersHtml(accept)).toBe(isVisit);
  });
});

describe('Content-Type', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json;',
    'application/json; charset=utf-8',
    'application/json;charset=UTF8',
    'application/json; charset="utf-8"',
    'application/json ; CHARSET="UTF-8"',
    'application/json; profile="x; charset=latin1"; charset=utf-8',
    'application/json; odata=verbose',
  ])('%p is JSON', (type) => {
    expect(isJson(type)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'text/plain',
    'text/plain; application/json',
    'text/plain, application/json',
    'application/jsonp',
    'application/json-patch+json',
    'application/json; charset=latin1',
    'application/json; charset="utf-16"',
    'application/json; charset=""',
    'application/json; charset=utf-8x',
  ])('%p is not', (type) => {
    expect(isJson(type)).toBe(false);
  });
});
