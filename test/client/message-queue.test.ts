import { MessageQueue } from '../../client/src/message-queue.js';

async function read(queue: MessageQueue<string>): Promise<{ values: string[]; error?: unknown }> {
  const values: string[] = [];
  try {
    for await (const value of queue) values.push(value);
    return { values };
  } catch (error) {
    return { values, error };
  }
}

describe('a queue of messages', () => {
  it('yields what was pushed before its end, then its error', async () => {
    const queue = new MessageQueue<string>();
    queue.push('one', 3);
    const reading = read(queue);
    queue.push('two', 3);
    queue.fail(new Error('lost'));
    queue.push('three', 5);
    queue.complete();
    expect(await reading).toEqual({ values: ['one', 'two'], error: new Error('lost') });
  });

  it('fails a consumer that falls too far behind, after what waits', async () => {
    const queue = new MessageQueue<string>();
    for (const value of ['one', 'two', 'three']) queue.push(value, 4_000_000);
    expect(await read(queue)).toEqual({
      values: ['one', 'two'],
      error: expect.objectContaining({ code: 'NETWORK_ERROR', retryable: true }),
    });
  });

  it('drops what waits when it is aborted, also behind its end', async () => {
    const queue = new MessageQueue<string>();
    for (const value of ['one', 'two']) queue.push(value, 3);
    const values = queue[Symbol.asyncIterator]();
    expect((await values.next()).value).toBe('one');
    queue.complete();
    queue.abort(new Error('left'));
    await expect(values.next()).rejects.toThrow('left');
  });

  it('takes more once some was read', async () => {
    const queue = new MessageQueue<string>();
    queue.push('one', 8_000_000);
    const values = queue[Symbol.asyncIterator]();
    expect((await values.next()).value).toBe('one');
    queue.push('two', 8_000_000);
    expect((await values.next()).value).toBe('two');
  });
});
