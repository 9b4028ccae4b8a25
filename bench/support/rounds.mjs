import { median } from './statistics.mjs';

/**
 * Measures every candidate once per round, each round beginning with another one, so that what disturbs the
 * machine disturbs all of them. The first round warms up and does not count.
 * @template T
 * @param {string[]} names @param {number} rounds @param {(name: string) => Promise<T>} measure
 * @returns {Promise<T[][]>} per name, the figures of its rounds
 */
export async function interleave(names, rounds, measure) {
  const figures = names.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const place = (turn + round) % names.length;
      const figure = await measure(names[place]);
      if (round > 0) figures[place].push(figure);
    }
  }
  return figures;
}

/** The median of each figure. @param {Record<string, number>[]} rounds */
export function medians(rounds) {
  return Object.fromEntries(
    Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]),
  );
}

/** The median over the rounds of a figure's share of the same round's base. */
export function medianRatio(rounds, baseRounds, key) {
  return median(rounds.map((round, place) => round[key] / baseRounds[place][key]));
}
