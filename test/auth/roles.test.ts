import { authenticator } from '../../src/auth/authenticate.js';
import { readConfig } from '../../src/config/config.js';
import { NOON } from '../support/server.js';
import { JWT, signToken } from '../support/tokens.js';

async function rolesOf(claims: object, env: Record<string, string> = {}): Promise<readonly string[]> {
  const config = readConfig({ ...JWT, GATEWAY_API_KEY: 'sk-test', ...env });
  const authenticate = await authenticator(config, 'sk-test', () => NOON);
  const token = signToken({ sub: 'alice', exp: NOON / 1_000 + 60, ...claims });
  return (await authenticate(`Bearer ${token}`)).roles;
}

describe('the roles of a caller', () => {
  it.each([
    ['a list', ['staff', 'admin'], ['staff', 'admin']],
    ['words separated by spaces', 'staff  admin', ['staff', 'admin']],
    ['an empty string', '', []],
    ['a list with other values', ['staff', 7, null, ['admin']], ['staff']],
    ['an object', { staff: true }, []],
    ['a number', 7, []],
    ['missing', undefined, []],
  ])('are read from a claim that is %s', async (_, roles, expected) => {
    expect(await rolesOf({ roles })).toEqual(expected);
  });

  it('are read from the claim that the configuration names, and from no other', async () => {
    const claims = { scope: 'chat staff', roles: ['admin'] };
    expect(await rolesOf(claims, { AUTH_JWT_ROLES_CLAIM: 'scope' })).toEqual(['chat', 'staff']);
    expect(await rolesOf({}, { AUTH_JWT_ROLES_CLAIM: 'constructor' })).toEqual([]);
  });

  it('are none without tokens', async () => {
    const none = await authenticator({ authMode: 'none' }, 'sk-test', () => NOON);
    const passthrough = await authenticator({ authMode: 'passthrough' }, undefined, () => NOON);
    expect((await none(undefined)).roles).toEqual([]);
    expect((await passthrough('Bearer sk-of-the-caller')).roles).toEqual([]);
  });
});
