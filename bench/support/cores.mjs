import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The cores this process may use, as numbered by Linux. */
const ALL = coresOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
/** One core for the measured server, the others for everything else. */
const SERVERS = ALL.slice(-1);
const OTHERS = ALL.length > 1 ? ALL.slice(0, -1) : ALL;

export const onItsOwnCore = (pid) => keepTo(SERVERS, pid);
export const onTheOtherCores = (pid) => keepTo(OTHERS, pid);
export const onAllCores = (pid) => keepTo(ALL, pid);

/** Pins all threads of the process, and those they start, with `taskset` from util-linux. */
function keepTo(cores, pid) {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores.join(), String(pid)], {
    stdio: 'ignore',
  });
}

/** @param {string} list e.g. `0-2,5` */
function coresOf(list) {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, place) => first + place);
  });
}
