import { type StoredResponse, StoredResponses } from '../../src/sandbox/responses/stored-responses.js';

const MEGABYTE = 'x'.repeat(1_024 * 1_024);

function response(id: string, megabytes: number, expiresAt = 2): StoredResponse {
  const messages = Array(megabytes).fill({ role: 'user', content: MEGABYTE });
  return {
    ...{ id, model: 'm', previousId: null, messages, tokens: 1, body: {} },
    ...{ isCached: true, createdAt: 0, expiresAt, isBusy: false },
  };
}

describe('the responses that the sandbox keeps', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const keptOf = (responses: StoredResponses) => ids.filter((id) => responses.get(id)).join('');

  it('are the newest with 64 MB of text', () => {
    const responses = new StoredResponses(() => 1);
    for (const id of ids) responses.add(response(id, 30));
    expect(keptOf(responses)).toBe('cd');
    responses.add(response('a', 100));
    expect(keptOf(responses)).toBe('a');
  });

  it('leave the room of those that ended, were deleted or cleared to others', () => {
    const responses = new StoredResponses(() => 1);
    responses.add(response('z', 60));
    responses.clear();
    responses.add(response('a', 20));
    responses.add(response('b', 20));
    responses.add(response('c', 20, 1));
    expect(responses.delete('b')).toBe(true);
    expect(responses.delete('b')).toBe(false);
    expect(responses.get('c')).toBeUndefined();
    responses.add(response('d', 40));
    expect(keptOf(responses)).toBe('ad');
  });
});
