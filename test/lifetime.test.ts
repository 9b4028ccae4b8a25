import { cancelled, shuttingDown } from '../src/errors.js';
import { Lifetime } from '../src/util/lifetime.js';

describe('a lifetime', () => {
  it('tells each who watches of its end once, and of the first reason', () => {
    const lifetime = new Lifetime();
    const told: string[] = [];
    lifetime.watch(({ code }) => told.push(`one ${code}`));
    lifetime.watch(({ code }) => told.push(`two ${code}`));
    lifetime.end(cancelled());
    lifetime.end(shuttingDown());
    lifetime.watch(({ code }) => told.push(`late ${code}`));
    expect(told).toEqual(['one CANCELLED', 'two CANCELLED', 'late CANCELLED']);
  });

  it('tells none who has left, be it while the others are told', () => {
    const lifetime = new Lifetime();
    const told: string[] = [];
    const leave = lifetime.watch(() => told.push('left before'));
    lifetime.watch(() => {
      told.push('first');
      leaveLate();
    });
    const leaveLate = lifetime.watch(() => told.push('left meanwhile'));
    lifetime.watch(() => told.push('last'));
    leave();
    leave();
    lifetime.end(cancelled());
    expect(told).toEqual(['first', 'last']);
  });
});
