import { KEPT_MS, keepingLast } from '../../src/auth/published-keys.js';

const KEYS = '{"keys":[{"kty":"RSA"}]}';
const REQUEST = ['https://issuer.example/keys', {}] as unknown as Parameters<ReturnType<typeof keepingLast>>;

function issuer() {
  let now = 0;
  let answer: () => Promise<Response> = async () => new Response(KEYS);
  const fetchKeys = keepingLast(
    () => answer(),
    () => now,
  );
  return {
    ask: async () => (await fetchKeys(...REQUEST)).text(),
    answers: (next: () => Promise<Response>) => {
      answer = next;
    },
    passes: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('the keys of an issuer', () => {
  it.each<[string, () => Promise<Response>]>([
    ['cannot be reached', () => Promise.reject(new Error('ECONNREFUSED'))],
    ['has trouble', async () => new Response('x', { status: 503 })],
    ['answers with a page', async () => new Response('<html>')],
    ['answers without keys', async () => new Response('{"keys":[]}')],
  ])('are kept for a day while it %s, and no longer', async (_, broken) => {
    const { ask, answers, passes } = issuer();
    expect(await ask()).toBe(KEYS);
    answers(broken);
    passes(KEPT_MS - 1);
    expect(await ask()).toBe(KEYS);
    passes(1);
    expect(await ask().catch(() => 'failed')).not.toBe(KEYS);
  });

  it('are the newest ones that came', async () => {
    const { ask, answers, passes } = issuer();
    await ask();
    const rotated = '{"keys":[{"kty":"EC"}]}';
    answers(async () => new Response(rotated));
    expect(await ask()).toBe(rotated);
    answers(() => Promise.reject(new Error('ECONNREFUSED')));
    passes(KEPT_MS - 1);
    expect(await ask()).toBe(rotated);
  });
});
