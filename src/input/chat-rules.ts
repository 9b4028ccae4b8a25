import { ArrayMaxSize, Max, Min } from 'class-validator';
import { all, isClean, optional, rule, UNCLEAN } from './validation.js';

/** The ranges of a chat's parameters (gateway.md, "POST /context/chat/completions"), for chats and for prompt files. */

export const Temperature = () => optional(between(0, 2));

export const TopP = () => optional(between(0, 1));

export const Penalty = () => optional(between(-2, 2));

export const Count = () => optional(Min(1, { message: 'must be at least 1' }));

export const StopTexts = () =>
  optional(
    ArrayMaxSize(4, { message: 'must hold at most 4 texts' }),
    rule('cleanTexts', (stop) => (stop as string[]).every(isClean), UNCLEAN),
  );

/** For a number that must be given. */
export function between(min: number, max: number): PropertyDecorator {
  const message = `must be ${min} to ${max}`;
  return all(Min(min, { message }), Max(max, { message }));
}
