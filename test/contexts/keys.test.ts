import fc from 'fast-check';
import { contextKey, messagesKey } from '../../src/contexts/keys.js';
import { MessageRole } from '../../src/gateway/types.js';
import { packRecord, unpackRecord } from '../../src/store/record.js';

/** Long enough to be hashed piece by piece; a piece may end between the halves of a character. */
const longText = fc
  .tuple(fc.integer({ min: 16_380, max: 33_000 }), fc.constantFrom('x', 'é', '好', '😀'))
  .map(([length, character]) => character.repeat(length / character.length));

const nameOf = (content: string) => messagesKey([{ role: MessageRole.SYSTEM, content }]);

describe('the key of messages', () => {
  it('is the same for the same text, and for no other, however long', () => {
    const anyCharacter = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
    fc.assert(
      fc.property(longText, fc.nat(), anyCharacter, anyCharacter, (text, place, one, other) => {
        const at = place % text.length;
        const withCharacter = (character: string) => text.slice(0, at) + character + text.slice(at);
        expect(nameOf(withCharacter(one))).toBe(nameOf(withCharacter(one)));
        expect(nameOf(withCharacter(one)) === nameOf(withCharacter(other))).toBe(one === other);
      }),
    );
  });

  it('depends on the borders between messages', () => {
    const half = 'x'.repeat(16_384);
    const whole = nameOf(half + half);
    const halves = [half, half].map((content) => ({ role: MessageRole.SYSTEM, content }));
    expect(messagesKey(halves)).not.toBe(whole);
  });
});

describe('the key of a context', () => {
  const callerOf = (id: string) => ({
    id,
    account: id,
    credential: { key: 'sk-test', owner: 'caller' as const },
    roles: [],
  });
  /** A caller's id is a hash wherever keys are the callers' own. */
  const account = fc.stringMatching(/^[\w-]{1,43}$/);

  it('is unique by account and id', () => {
    const id = fc.string({ minLength: 1, unit: fc.constantFrom(':', 'a', 'b') });
    fc.assert(
      fc.property(id, id, account, account, (one, other, mine, yours) => {
        const isSame = one === other && mine === yours;
        expect(contextKey(callerOf(mine), one) === contextKey(callerOf(yours), other)).toBe(isSame);
      }),
    );
  });

  it('contains the id, whatever its characters', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), account, (id, mine) => {
        const key = contextKey(callerOf(mine), id);
        const rest = { model: 'm', mode: null, ttl: 60, createdAt: 1, messages: null, details: '[]' };
        const record = { key, id, gatewayId: id, expiresAt: 2, ...rest };
        expect(unpackRecord(key, 2, packRecord(record))).toEqual(record);
      }),
    );
  });
});
