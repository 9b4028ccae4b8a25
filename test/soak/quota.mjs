import { setTimeout as pause } from 'node:timers/promises';
import { Caller } from './callers.mjs';
import { FULL } from './timeline.mjs';

/** Tokens that each caller may use in a day: others than spenders come nowhere near it. */
export const QUOTA = 1_000_000;
/** What a spender asks for with each chat, and the most that a chat, its prompt included, is billed. */
const ANSWER_TOKENS = 20_000;
const CALL_TOKENS = ANSWER_TOKENS + 100;
/** So many times one to so many calls at once. */
const LANES = 8;
const AT_ONCE = 10;
/** Milliseconds after which no call runs any more that could give back what it had reserved. */
const CALL_MS = 6_000;
/** Milliseconds around a full store in which each server counts for itself. */
const COUNTED_ALONE_MS = 1_000;

/** A caller who uses up the tokens of the day, many at the same moment. */
export class Spender {
  hasUsedUp = false;

  constructor(name, world, random) {
    this.caller = new Caller(name, world, random, ANSWER_TOKENS);
    this.random = random;
  }

  async run(goesOn) {
    while (goesOn() && !this.hasUsedUp) {
      await Promise.all(Array.from({ length: LANES }, () => this.#spendUntilRefused(goesOn)));
      this.hasUsedUp = await this.#staysRefused(goesOn);
    }
  }

  async #spendUntilRefused(goesOn) {
    for (let outcomes = []; goesOn() && !outcomes.includes('QUOTA_EXCEEDED'); ) {
      outcomes = await this.#spend(this.random.between(1, AT_ONCE));
      await pause(this.random.between(5, 30));
    }
  }

  /** Calls that were left may still hold what they had reserved. */
  async #staysRefused(goesOn) {
    const end = performance.now() + CALL_MS;
    while (goesOn()) {
      await pause(500);
      const [outcome] = await this.#spend(1);
      if (outcome === 'OK') return false;
      if (outcome === 'QUOTA_EXCEEDED' && performance.now() > end) return true;
    }
    return false;
  }

  async #spend(times) {
    const ids = [...this.caller.answered.keys()];
    if (ids.length < 4) return [await this.caller.create({ isPatient: true })];
    return Promise.all(Array.from({ length: times }, () => this.#chat(this.random.pick(ids))));
  }

  #chat(id) {
    const isPatient = this.random.chance(0.8);
    if (this.random.chance(0.2)) return this.caller.stream(id, isPatient);
    return this.caller.chat(id, { isPatient, isKeyed: this.random.chance(0.3) });
  }
}

/** One spender after the other, until it is no longer to go on. */
export class Spenders {
  all = [];

  constructor(world, newRandom) {
    this.world = world;
    this.newRandom = newRandom;
  }

  async run(goesOn) {
    while (goesOn()) {
      const spender = new Spender(`spender-${this.all.length}`, this.world, this.newRandom());
      this.all.push(spender);
      await spender.run(goesOn);
    }
  }
}

/** What the gateway bills a spender, beside what the quota and its documents allow. */
export function judgeQuota({ caller, hasUsedUp }, ledger, timeline) {
  const { together, alone, again, slack, nearFull } = billed(caller, ledger, timeline);
  const problems = [];
  // Whoever has any tokens left may ask once more; of a stream that breaks off only what was passed on is counted.
  const most = QUOTA + CALL_TOKENS + slack;
  const mostAlone = most * 2 * timeline.count(FULL);
  if (together > most) problems.push(`${caller.name} was billed ${together} tokens of ${QUOTA}`);
  if (alone > mostAlone) problems.push(`${caller.name} was billed ${alone} tokens while the store was full`);
  const least = QUOTA - caller.unknown * CALL_TOKENS;
  // What a call has reserved stays counted where the store is full when it ends.
  if (hasUsedUp && nearFull === 0 && together < least)
    problems.push(`${caller.name} was refused after ${together} tokens of ${QUOTA}`);
  return { problems, together, alone, again };
}

function billed(caller, ledger, timeline) {
  const sums = { together: 0, alone: 0, again: 0, slack: 0, nearFull: 0 };
  for (const entries of ledger.allOf(caller.name)) {
    for (const entry of entries) {
      const { at: from, endedAt: to, operation, isTold, isStream } = entry;
      // The server sends it again where the answer was lost, which the caller did not ask for.
      const isAgain = operation === 'chat' && entry !== entries.at(-1);
      const isAlone = timeline.had([FULL], { from, to, within: COUNTED_ALONE_MS });
      if (isAlone) sums.nearFull++;
      sums[isAgain ? 'again' : isAlone ? 'alone' : 'together'] += entry.billed;
      if (isStream && !isTold) sums.slack += entry.billed;
    }
  }
  return sums;
}

/**
 * What the server counts of a caller's chats beside what the gateway has told: all that was answered, and nothing that was not billed.
 * Answers that came while the store was full are not in the totals.
 */
export async function judgeTotals(caller, ledger, timeline) {
  const problems = [];
  let answered = 0;
  for (const { text, tokens, from } of caller.chats) {
    if (!ledger.entriesOf(text).some((entry) => entry.billed === tokens))
      problems.push(`${text} was answered with ${tokens} tokens, and the gateway had told others`);
    if (!timeline.had([FULL], { from })) answered += tokens;
  }
  const { promptTokens, completionTokens, estimatedTokens } = await caller.report();
  const counted = promptTokens + completionTokens - estimatedTokens;
  const told = ledger
    .allOf(caller.name)
    .flat()
    .filter(({ operation }) => operation === 'chat')
    .reduce((sum, entry) => sum + entry.billed, 0);
  if (counted < answered || counted > told)
    problems.push(`${caller.name}: ${counted} tokens counted, ${answered} answered, ${told} billed`);
  return problems;
}
