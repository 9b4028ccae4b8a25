import { cancelled, shuttingDown } from '../../src/errors.js';
import { deadline, onAbort, unlessAborted } from '../../src/util/abort.js';

const timedOut = () => new Error('timed out');

describe('a deadline', () => {
  it('aborts with its parent, for the parent’s reason', () => {
    const parent = new AbortController();
    const { signal, clear } = deadline(parent.signal, 60_000, timedOut);
    parent.abort(cancelled());
    parent.abort(shuttingDown());
    expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
    clear();
  });

  it('has aborted at once if its parent has', () => {
    const { signal, clear } = deadline(AbortSignal.abort(cancelled()), 60_000, timedOut);
    expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
    clear();
  });

  it('aborts once its time is up, and never after it was cleared', async () => {
    const parent = new AbortController();
    const late = deadline(parent.signal, 1, timedOut);
    const cleared = deadline(parent.signal, 1, timedOut);
    cleared.clear();
    await expect(unlessAborted(late.signal, new Promise(() => undefined))).rejects.toThrow('timed out');
    parent.abort();
    expect(cleared.signal.aborted).toBe(false);
  });
});

describe('onAbort', () => {
  it('calls no listener that was removed, even while others are called', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const remove = onAbort(controller.signal, () => called.push('removed before'));
    onAbort(controller.signal, () => {
      called.push('first');
      removeLate();
    });
    const removeLate = onAbort(controller.signal, () => called.push('removed meanwhile'));
    onAbort(controller.signal, () => called.push('last'));
    remove();
    controller.abort(cancelled());
    expect(called).toEqual(['first', 'last']);
  });
});
