import fc from 'fast-check';
import { contextTokens } from '../../src/contexts/creation/billing.js';
import { packDetails } from '../../src/contexts/details.js';
import { usageOf } from '../../src/gateway/context-api/usage.js';
import { type OwnedContext, ZERO_TOTALS } from '../../src/store/store.js';

function holding(mode: string, created: number, totals: Partial<OwnedContext['totals']> = {}): OwnedContext {
  const usage = usageOf({ usage: { prompt_tokens: created, total_tokens: created } });
  const context = {
    key: 'a:',
    id: 'a',
    gatewayId: 'a',
    model: 'm',
    mode,
    ttl: 3_600,
    createdAt: 0,
    expiresAt: 1,
    messages: null,
    details: packDetails({ truncationStrategy: null, usage, prices: null }),
  };
  return { context, ownedSince: 0, lastUsedAt: 0, totals: { ...ZERO_TOTALS, ...totals } };
}

describe('the tokens that a context adds to a prompt', () => {
  it('are those of its creation for a prefix, however often it was used', () => {
    const totals = { chats: 5, promptTokens: 500, completionTokens: 50 };
    expect(contextTokens(holding('COMMON_PREFIX', 80, totals))).toBe(80);
  });

  it('are those of all earlier chats for a session with chats of equal length', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.integer({ min: 0, max: 50 }),
        fc.nat(100),
        fc.nat(100),
        (created, chats, question, answer) => {
          let history = created;
          let promptTokens = 0;
          for (let asked = 0; asked < chats; asked++) {
            promptTokens += history + question;
            history += question + answer;
          }
          const totals = { chats, promptTokens, completionTokens: chats * answer };
          expect(contextTokens(holding('SESSION', created, totals))).toBe(history);
        },
      ),
    );
  });

  it('do not include estimates of interrupted answers', () => {
    const totals = { chats: 0, promptTokens: 90, completionTokens: 10, estimatedTokens: 100 };
    expect(contextTokens(holding('SESSION', 80, totals))).toBe(80);
  });
});
