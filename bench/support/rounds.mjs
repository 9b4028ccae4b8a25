import { median } from './statistics.mjs';

/**
 * Measures several starts of all candidates, because two processes of the same program often differ by a tenth, and sometimes by
 * a third.
 * @template T
 * @param {number} starts @param {(start: number) => Promise<T[][]>} measureOne
 * @returns {Promise<T[][]>} per name, the figures of all its rounds
 */
export async function overStarts(starts, measureOne) {
  const figures = [];
  for (let start = 0; start < starts; start += 1) {
    for (const [place, rounds] of (await measureOne(start)).entries()) {
      figures[place] = [...(figures[place] ?? []), ...rounds];
    }
  }
  return figures;
}

/**
 * Measures every candidate once per round, so that a disturbance of the machine affects all of them. The first round is a warm-up
 * and does not count.
 * @template T
 * @param {string[]} names @param {number} rounds @param {(name: string) => Promise<T>} measure
 * @param {number} before number of rounds already measured in other processes
 * @returns {Promise<T[][]>} per name, the figures of its rounds
 */
export async function interleave(names, rounds, measure, before = 0) {
  const figures = names.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const place of orderOf(names.length, before + round)) {
      const figure = await measure(names[place]);
      if (round > 0) figures[place].push(figure);
    }
  }
  return figures;
}

/**
 * A candidate measured after a fast one can lose a tenth. So each candidate follows each other one equally often: a Williams
 * design (E. J. Williams, 1949). It is complete after as many rounds as there are candidates, or twice as many if that number
 * is odd.
 */
export function orderOf(count, round) {
  const order = Array.from({ length: count }, (_, turn) => {
    const step = turn % 2 === 0 ? turn / 2 : count - (turn + 1) / 2;
    return (step + round) % count;
  });
  const isTurned = count % 2 === 1 && Math.floor(round / count) % 2 === 1;
  return isTurned ? order.reverse() : order;
}

/** The median of each figure. @param {Record<string, number>[]} rounds */
export function medians(rounds) {
  return Object.fromEntries(
    Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]),
  );
}

/** The median of the ratios between a figure and the base of the same round. */
export function medianRatio(rounds, baseRounds, key) {
  return median(rounds.map((round, place) => round[key] / baseRounds[place][key]));
}
