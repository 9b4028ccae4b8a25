import { AppError, cancelled, ErrorCode, toGraphQLError } from '../../src/errors.js';
import { chat, create, type Door } from '../support/doors.js';
import { freePort } from '../support/redis.js';
import { TestServer } from '../support/server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';
import { asShown } from './answers.js';
import { readDocument } from './documents.js';

const { headings, blocks, tables } = readDocument('docs/errors.md');
const codes = Object.values(ErrorCode);
const sections = headings.filter(({ depth }) => depth === 2).map(({ text }) => text);

interface Scene {
  gateway?: Answer;
  env?: Record<string, string>;
  headers?: Record<string, string>;
  door?: Door;
  /** How often the door is gone through; the last time counts. */
  times?: number;
}

const refuse =
  (status: number, code: string): Answer =>
  (response) =>
    json(response, status, { error: { code, message: 'no' } });

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
let count = 0;
const withInput =
  (input: () => object): Door =>
  async (server) =>
    (await server.query(CREATE, { input: { model: 'm', messages: [{ content: 'hello' }], ...input() } }))
      .errors;

/** What brings out each code; a caller never meets CANCELLED. */
const SCENES: Record<Exclude<ErrorCode, ErrorCode.CANCELLED>, Scene> = {
  BAD_USER_INPUT: { door: withInput(() => ({ ttl: 1 })) },
  UNAUTHENTICATED: { env: { AUTH_MODE: 'passthrough' } },
  FORBIDDEN: {
    env: { AUTH_MODE: 'passthrough' },
    headers: { authorization: 'Bearer sk-1' },
    gateway: refuse(403, 'AccessDenied'),
  },
  CONTEXT_NOT_FOUND: { door: chat },
  MODEL_NOT_FOUND: { gateway: refuse(404, 'ModelNotOpen') },
  CONTENT_REJECTED: { gateway: refuse(400, 'InputTextRiskDetection') },
  IDEMPOTENCY_CONFLICT: {
    door: withInput(() => ({ idempotencyKey: 'k', messages: [{ content: `${count++}` }] })),
    times: 2,
  },
  OUTCOME_UNKNOWN: {
    door: withInput(() => ({ idempotencyKey: 'k' })),
    gateway: refuse(500, 'InternalServiceError'),
    times: 2,
  },
  RATE_LIMITED: { env: { RATE_LIMIT_CREATES_PER_MINUTE: '1' }, times: 2 },
  QUOTA_EXCEEDED: { gateway: refuse(402, 'AccountOverdueError') },
  GATEWAY_AUTH: { gateway: refuse(401, 'AuthenticationError') },
  GATEWAY_TIMEOUT: { env: { GATEWAY_HEADERS_TIMEOUT_MS: '20' }, gateway: () => undefined },
  GATEWAY_UNAVAILABLE: { gateway: refuse(500, 'InternalServiceError') },
  GATEWAY_BAD_RESPONSE: { gateway: (response) => json(response, 200, 'no JSON') },
  INTERNAL_SERVER_ERROR: { door: chat },
};

/** `…` stands for whatever text. */
function elided(came: unknown, shown: unknown): unknown {
  if (shown === '…' && typeof came === 'string') return shown;
  if (Array.isArray(came) && Array.isArray(shown))
    return came.map((item, place) => elided(item, shown[place]));
  if (typeof came !== 'object' || came === null || typeof shown !== 'object') return came;
  const inner = shown as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(came).map(([name, value]) => [name, elided(value, inner?.[name])]),
  );
}

function shownFor(code: string): Record<string, unknown> {
  return JSON.parse(blocks[sections.indexOf(code)]?.text ?? 'null');
}

describe('the page of errors', () => {
  it('has a section with an example for every code, and for no other', () => {
    expect([...sections].sort()).toEqual([...codes].sort());
    expect(blocks.length).toBe(codes.length);
  });

  it('says of each code whether it may be tried again, as the code does', () => {
    const rows = tables.find((table) => /^`?code/.test(table[0]?.[0] ?? ''))?.slice(1) ?? [];
    expect(rows.map(([code]) => /^\[(\w+)\]/.exec(code ?? '')?.[1]).sort()).toEqual([...codes].sort());
    for (const [name = '', retryable] of rows) {
      const code = /^\[(\w+)\]/.exec(name)?.[1] as ErrorCode;
      const word = new AppError(code, '').retryable ? 'yes' : 'no';
      expect([code, retryable?.split(';')[0]]).toEqual([code, word]);
    }
  });

  it.each(Object.entries(SCENES))('shows %s as callers meet it', async (code, scene) => {
    const { env = {}, headers, door = create, times = 1 } = scene;
    await using gateway = await StandIn.start(scene.gateway ?? ((response) => json(response, 200, CREATED)));
    const storeless = code === 'INTERNAL_SERVER_ERROR';
    const store: Record<string, string> = storeless
      ? { STORE_URL: `redis://127.0.0.1:${await freePort()}` }
      : {};
    await using server = await TestServer.before(gateway, { ...env, ...store });
    let errors = await door(server, headers);
    for (let time = 1; time < times; time++) errors = await door(server, headers);
    const { locations, ...came } = errors[0] as unknown as Record<string, unknown>;
    expect(errors.length).toBe(1);
    const shown = shownFor(code);
    expect(asShown(elided(came, shown), shown, new Map())).toEqual(shown);
  });

  it('shows CANCELLED as it is', () => {
    const { message, extensions } = toGraphQLError(cancelled(), '…').toJSON();
    expect({ message, extensions }).toEqual(shownFor('CANCELLED'));
  });
});
