import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gateway } from '../../src/gateway/data-source.js';
import { eventually } from '../support/eventually.js';
import { answer, FaultyUpstream, say, silence } from '../support/faulty-upstream.js';

const LIMITS = {
  connectTimeoutMs: 1_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  totalTimeoutMs: 5_000,
  maxResponseBytes: 1_000,
};

describe('the connections to the gateway', () => {
  it.each([
    ['are as many as calls at a time, and kept for the next calls', {}, 3],
    ['are replaced where the gateway closes them', { connection: 'close' }, 9],
  ])('%s', async (_, headers, connections) => {
    await using upstream = await FaultyUpstream.start(say(answer(200, { data: [] }, headers)));
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const { signal } = new AbortController();
    const as = gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal });
    for (let round = 0; round < 3; round++) {
      await Promise.all([1, 2, 3].map(() => as.models()));
      await nextTurn();
    }
    expect(upstream.connections).toBe(connections);
    await gateway.close();
    await upstream.quiet();
  });

  it('end with the call that is aborted on them, and no other', async () => {
    await using upstream = await FaultyUpstream.start(silence);
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const callers = [new AbortController(), new AbortController()];
    const calls = callers.map(({ signal }) =>
      gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal }).models(),
    );
    await eventually(() => upstream.requests.length === 2);
    callers[0]?.abort(new Error('left'));
    await expect(calls[0]).rejects.toThrow();
    upstream.fault = say(answer(200, { data: [] }));
    await gateway
      .forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal: new AbortController().signal })
      .models();
    // The aborted call is not given another connection.
    expect(upstream.connections).toBe(3);
    callers[1]?.abort(new Error('left'));
    await expect(calls[1]).rejects.toThrow();
    await gateway.close();
  });
});
