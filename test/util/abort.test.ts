import { cancelled } from '../../src/errors.js';
import { onAbort } from '../../src/util/abort.js';

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
