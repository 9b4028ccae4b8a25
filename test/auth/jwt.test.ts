import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import { beginStream, CHAT_ANSWER, chunk } from '../support/chat-answers.js';
import { ConnectProxy } from '../support/connect-proxy.js';
import { freePort } from '../support/free-port.mjs';
import { hold } from '../support/holding.js';
import { NOON, SERVER_KEY, TestServer } from '../support/server.js';
import { json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, encodePart, JWT, signToken } from '../support/tokens.js';

const LIST = '{ contexts { edges { node { id } } } }';
const CREATE = `mutation {
  createContext(input: { model: "m", messages: [{ role: SYSTEM, content: "x" }] }) { id }
}`;
const NOW = NOON / 1_000;
const CLAIMS = { sub: 'alice', exp: NOW + 60, iss: 'https://issuer.example', aud: 'contexts' };
const STRICT = { ...JWT, AUTH_JWT_ISSUER: CLAIMS.iss, AUTH_JWT_AUDIENCE: CLAIMS.aud };
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const without = (claim: keyof typeof CLAIMS) => ({ ...CLAIMS, [claim]: undefined });

/** `kid`: null for a token that does not name its key. */
function signWithKey(claims: object, key: KeyObject = privateKey, kid: string | null = 'one'): string {
  const signed = `${encodePart({ alg: 'RS256', ...(kid !== null && { kid }) })}.${encodePart(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

async function ask(server: TestServer, token: string): Promise<string> {
  const { errors } = await server.query(LIST, {}, { authorization: `Bearer ${token}` });
  return errors[0]?.extensions.code ?? 'OK';
}

/** An issuer that publishes its public key. */
function issuer() {
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' };
  return StandIn.start((response) => json(response, 200, { keys: [jwk] }));
}

describe('AUTH_MODE=jwt with a shared secret', () => {
  it('calls the gateway with the server’s key, for the caller that the token names', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
    await using server = await TestServer.before(gateway, JWT);
    await hold(server, gateway, {}, bearer('alice'));
    const chat = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
    expect((await server.query(chat, { input: QUESTION }, bearer('alice'))).errors).toEqual([]);
    expect(gateway.seen[0]?.headers.authorization).toBe(`Bearer ${SERVER_KEY}`);
  });

  const cases: [string, string, string][] = [
    ['a good token', signToken(CLAIMS), 'OK'],
    ['a token with one audience of several', signToken({ ...CLAIMS, aud: ['x', 'contexts'] }), 'OK'],
    ['a token that is valid already', signToken({ ...CLAIMS, nbf: NOW }), 'OK'],
    ['a token that expired', signToken({ ...CLAIMS, exp: NOW - 6 }), 'UNAUTHENTICATED'],
    ['a token that is not valid yet', signToken({ ...CLAIMS, nbf: NOW + 6 }), 'UNAUTHENTICATED'],
    ['a token without an end', signToken(without('exp')), 'UNAUTHENTICATED'],
    ['a token without a subject', signToken(without('sub')), 'UNAUTHENTICATED'],
    ['a token with an empty subject', signToken({ ...CLAIMS, sub: '' }), 'UNAUTHENTICATED'],
    ['a subject that is no text', signToken({ ...CLAIMS, sub: 7 }), 'UNAUTHENTICATED'],
    ['another issuer', signToken({ ...CLAIMS, iss: 'https://evil.example' }), 'UNAUTHENTICATED'],
    ['no issuer', signToken(without('iss')), 'UNAUTHENTICATED'],
    ['another audience', signToken({ ...CLAIMS, aud: 'shop' }), 'UNAUTHENTICATED'],
    ['no audience', signToken(without('aud')), 'UNAUTHENTICATED'],
    ['another secret', signToken(CLAIMS, { secret: 'x'.repeat(32) }), 'UNAUTHENTICATED'],
    ['another algorithm', signToken(CLAIMS, { alg: 'HS512', hash: 'sha512' }), 'UNAUTHENTICATED'],
    ['alg none', `${encodePart({ alg: 'none' })}.${encodePart(CLAIMS)}.`, 'UNAUTHENTICATED'],
    [
      'a changed claim',
      signToken(CLAIMS).replace(/\.[^.]+\./, `.${encodePart({ ...CLAIMS, sub: 'bob' })}.`),
      'UNAUTHENTICATED',
    ],
    ['junk', 'not-a-token', 'UNAUTHENTICATED'],
  ];
  it.each(cases)('takes %s for what it is', async (_, token, code) => {
    await using server = await TestServer.start({ ...STRICT, GATEWAY_URL: 'sandbox:' });
    expect(await ask(server, token)).toBe(code);
  });

  it('is wanted on every transport, and by nothing that needs no caller', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway, JWT);
    const nobody = await server.query(LIST);
    expect(nobody.errors[0]).toMatchObject({
      message: expect.stringContaining('Authorization: Bearer <token>'),
      extensions: { code: 'UNAUTHENTICATED' },
    });
    for (const [, connect] of TRANSPORTS) {
      for (const authorization of [undefined, `Bearer ${signToken({ sub: 'x' })}`]) {
        const client = connect(server, authorization);
        expect((await collect(client.open())).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
        client.close();
      }
    }
    expect(gateway.seen).toEqual([]);
    expect((await server.query('{ __typename }')).errors).toEqual([]);
  });
});

describe('a token that is refused', () => {
  const reasons: [string, string, object][] = [
    ['expired', signToken({ ...CLAIMS, exp: NOW - 6 }), { reason: 'ERR_JWT_EXPIRED', claim: 'exp' }],
    [
      'signed by another',
      signToken(CLAIMS, { secret: 'x'.repeat(32) }),
      { reason: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
    ],
    [
      'of another issuer',
      signToken({ ...CLAIMS, iss: 'c4n4ry' }),
      { reason: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'iss' },
    ],
    [
      'for another audience',
      signToken({ ...CLAIMS, aud: 'c4n4ry' }),
      { reason: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud' },
    ],
    [
      'without an end',
      signToken(without('exp')),
      { reason: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'exp' },
    ],
    ['no token', 'c4n4ry', { reason: 'ERR_JWS_INVALID' }],
  ];
  it.each(reasons)(
    'because it is %s has its reason in the log at debug, and nothing of itself',
    async (_, token, why) => {
      await using server = await TestServer.start({ ...STRICT, GATEWAY_URL: 'sandbox:', LOG_LEVEL: 'debug' });
      const { errors } = await server.query(LIST, {}, { authorization: `Bearer ${token}` });
      const lines = server.log.map((line) => JSON.parse(line));
      expect(lines).toContainEqual(
        expect.objectContaining({ level: 20, requestId: errors[0]?.extensions.requestId, ...why }),
      );
      for (const secret of ['c4n4ry', 'alice', token]) expect(server.log.join()).not.toContain(secret);
    },
  );

  it('leaves no trace at the usual level', async () => {
    await using server = await TestServer.start({ ...STRICT, GATEWAY_URL: 'sandbox:' });
    await ask(server, 'junk');
    expect(server.log.join()).not.toContain('ERR_');
  });

  it('says to its bearer that it needs sub and exp, where the signature is right', async () => {
    await using server = await TestServer.start({ ...STRICT, GATEWAY_URL: 'sandbox:' });
    const messageFor = async (token: string) =>
      (await server.query(LIST, {}, { authorization: `Bearer ${token}` })).errors[0]?.message;
    for (const claim of ['sub', 'exp'] as const) {
      expect(await messageFor(signToken(without(claim)))).toMatch(/needs `sub`.*`exp`/);
    }
    expect(await messageFor(signToken(without('exp'), { secret: 'x'.repeat(32) }))).not.toMatch(/\bexp\b/);
    expect(await messageFor(signToken(without('iss')))).not.toContain('iss');
  });
});

describe('AUTH_MODE=jwt with published keys', () => {
  it('takes what they signed, and fetches them once', async () => {
    await using keys = await issuer();
    const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url };
    await using server = await TestServer.start({ ...env, GATEWAY_URL: 'sandbox:' });
    expect(await ask(server, signWithKey(CLAIMS))).toBe('OK');
    expect(await ask(server, signWithKey({ ...CLAIMS, sub: 'bob' }))).toBe('OK');
    expect(keys.seen).toHaveLength(1);
  });

  it('tries each of them on a token that names none, as while they are rotated', async () => {
    const next = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwks = [publicKey, next.publicKey].map((key, place) => ({
      ...key.export({ format: 'jwk' }),
      kid: `key-${place}`,
      use: 'sig',
    }));
    await using keys = await StandIn.start((response) => json(response, 200, { keys: jwks }));
    const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url };
    await using server = await TestServer.start({ ...env, GATEWAY_URL: 'sandbox:' });
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(await ask(server, signWithKey(CLAIMS, privateKey, null))).toBe('OK');
    expect(await ask(server, signWithKey(CLAIMS, next.privateKey, null))).toBe('OK');
    expect(await ask(server, signWithKey({ ...CLAIMS, exp: NOW - 6 }, next.privateKey, null))).toBe(
      'UNAUTHENTICATED',
    );
    expect(await ask(server, signWithKey(CLAIMS, stranger, null))).toBe('UNAUTHENTICATED');
  });

  it.each(['EdDSA', 'Ed25519'])('takes tokens that are signed with %s', async (alg) => {
    const pair = generateKeyPairSync('ed25519');
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'ed' };
    await using keys = await StandIn.start((response) => json(response, 200, { keys: [jwk] }));
    const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url };
    await using server = await TestServer.start({ ...env, GATEWAY_URL: 'sandbox:' });
    const signed = `${encodePart({ alg, kid: 'ed' })}.${encodePart(CLAIMS)}`;
    const signature = sign(null, Buffer.from(signed), pair.privateKey).toString('base64url');
    expect(await ask(server, `${signed}.${signature}`)).toBe('OK');
  });

  it('fetches them through the proxy, but for a host in NO_PROXY', async () => {
    await using keys = await issuer();
    await using proxy = await ConnectProxy.start();
    const { host } = new URL(keys.url);
    const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url, HTTP_PROXY: `http://${proxy.host}` };
    for (const [noProxy, tunnels] of [
      ['', [host]],
      [host, []],
    ] as const) {
      proxy.tunnels.length = 0;
      await using server = await TestServer.start({ ...env, NO_PROXY: noProxy, GATEWAY_URL: 'sandbox:' });
      expect(await ask(server, signWithKey(CLAIMS))).toBe('OK');
      expect(proxy.tunnels.map(({ target }) => target)).toEqual(tunnels);
    }
  });

  it('is not confused by a public key that is used as a shared secret, nor by an unknown key', async () => {
    await using keys = await issuer();
    const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url };
    await using server = await TestServer.start({ ...env, GATEWAY_URL: 'sandbox:' });
    const secret = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(await ask(server, signToken(CLAIMS, { secret }))).toBe('UNAUTHENTICATED');
    expect(await ask(server, signWithKey(CLAIMS, stranger))).toBe('UNAUTHENTICATED');
    expect(await ask(server, signWithKey(CLAIMS, stranger, 'two'))).toBe('UNAUTHENTICATED');
    expect(await ask(server, `${encodePart({ alg: 'none' })}.${encodePart(CLAIMS)}.`)).toBe(
      'UNAUTHENTICATED',
    );
  });

  it.each([
    ['does not answer with keys', (keys: StandIn) => (keys.answer = (response) => json(response, 503, 'x'))],
    ['answers with junk', (keys: StandIn) => (keys.answer = (response) => json(response, 200, '[]'))],
  ])('blames itself where the issuer %s, and recovers', async (_, breakIt) => {
    await using keys = await issuer();
    const { answer } = keys;
    breakIt(keys);
    const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url };
    await using server = await TestServer.start({ ...env, GATEWAY_URL: 'sandbox:' });
    const { errors } = await server.query(LIST, {}, { authorization: `Bearer ${signWithKey(CLAIMS)}` });
    expect(errors[0]?.extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', retryable: true });
    keys.answer = answer;
    expect(await ask(server, signWithKey(CLAIMS))).toBe('OK');
  });

  it('closes a WebSocket whose token cannot be checked just now, so that its client connects again', async () => {
    await using keys = await issuer();
    const { answer } = keys;
    keys.answer = (response) => json(response, 503, 'x');
    await using server = await TestServer.start({
      AUTH_MODE: 'jwt',
      AUTH_JWKS_URL: keys.url,
      GATEWAY_URL: 'sandbox:',
    });
    const connect = async () => {
      const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
      await once(socket, 'open');
      const payload = { authorization: `Bearer ${signWithKey(CLAIMS)}` };
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
      return socket;
    };
    const refused = await connect();
    const [code, reason] = await once(refused, 'close');
    expect([code, String(reason)]).toEqual([1013, expect.stringMatching(/Connect again later/)]);
    keys.answer = answer;
    const taken = await connect();
    const [message] = await once(taken, 'message');
    expect(JSON.parse(String(message))).toEqual({ type: 'connection_ack' });
    taken.terminate();
  });

  it('says in the log at debug why they could not be fetched', async () => {
    await using failing = await StandIn.start((response) => json(response, 503, 'x'));
    const reasons: Record<string, string> = {
      [failing.url]: 'ERR_JOSE_GENERIC',
      [`http://127.0.0.1:${await freePort()}/keys`]: 'ECONNREFUSED',
    };
    for (const [url, reason] of Object.entries(reasons)) {
      const env = { AUTH_MODE: 'jwt', AUTH_JWKS_URL: url, LOG_LEVEL: 'debug' };
      await using server = await TestServer.start({ ...env, GATEWAY_URL: 'sandbox:' });
      expect(await ask(server, signWithKey(CLAIMS))).toBe('INTERNAL_SERVER_ERROR');
      const lines = server.log.map((line) => JSON.parse(line));
      expect(lines).toContainEqual(expect.objectContaining({ level: 20, reason }));
    }
  });

  it.each(['application/json', 'text/event-stream'])(
    'asks the gateway nothing for a caller who left before the keys were there, as %s',
    async (accept) => {
      await using keys = await issuer();
      await using gateway = await StandIn.start();
      const { answer } = keys;
      const asked = new Promise<() => void>((resolve) => {
        keys.answer = (...request) => resolve(() => answer(...request));
      });
      await using server = await TestServer.before(gateway, { AUTH_MODE: 'jwt', AUTH_JWKS_URL: keys.url });
      const headers = { authorization: `Bearer ${signWithKey(CLAIMS)}` };
      const leaving = new AbortController();
      const left = fetch(server.url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', accept },
        body: JSON.stringify({ query: CREATE }),
        signal: leaving.signal,
      });
      const answerWithKeys = await asked;
      leaving.abort();
      await expect(left).rejects.toThrow('aborted');
      // Whoever is served after it has closed has let the server see it.
      for (const path of ['/healthz', '/healthz']) await fetch(server.origin + path);
      answerWithKeys();
      keys.answer = answer;
      expect((await server.query(CREATE, {}, headers)).errors).toEqual([]);
      expect(gateway.seen).toHaveLength(1);
    },
  );
});

describe('a WebSocket under AUTH_MODE=jwt', () => {
  it('does not outlive its token', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway, JWT);
    // The clock stands still; the connection is given the 200 milliseconds that are left.
    server.clock = () => (NOW + 60) * 1_000 - 200;
    const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
    const closed = new Promise<[number, string]>((resolve) => {
      socket.on('close', (code, reason) => resolve([code, String(reason)]));
    });
    socket.on('open', () =>
      socket.send(
        JSON.stringify({
          type: 'connection_init',
          payload: { authorization: `Bearer ${signToken(CLAIMS)}` },
        }),
      ),
    );
    const acknowledged = new Promise((resolve) => socket.once('message', (said) => resolve(String(said))));
    expect(await acknowledged).toBe('{"type":"connection_ack"}');
    expect(await closed).toEqual([4403, 'The token has expired']);
  });

  it('takes its streams with it, and their calls to the gateway', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway, JWT);
    await hold(server, gateway, {}, bearer('alice'));
    const left = new Promise<void>((resolve) => {
      gateway.answer = (response) => {
        beginStream(response).write(chunk({ content: 'Hi' }));
        response.once('close', resolve);
      };
    });
    server.clock = () => (NOW + 60) * 1_000 - 1_500;
    const token = signToken({ sub: 'alice', exp: NOW + 60 });
    const [, connect] = TRANSPORTS.find(([name]) => name === 'a WebSocket') ?? [];
    const client = connect?.(server, `Bearer ${token}`);
    await expect(collect(client?.open() ?? ([] as never))).rejects.toMatchObject({ code: 4403 });
    await left;
    client?.close();
  });
});
