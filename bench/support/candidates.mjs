import { fileURLToPath } from 'node:url';
import { Program } from './program.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
/** The shipped bundle. `build` has the same modules in separate files, which profiles need. */
const SERVER = file('../../dist/main.js');
export const UNBUNDLED = file('../../build/main.js');

export const startUpstream = () => Program.start([file('../servers/upstream.mjs')]);

/** The program of each candidate, by its name in the results. */
const PEERS = { raw: 'raw.mjs', mercurius: 'mercurius.mjs', yoga: 'yoga.mjs' };

/**
 * @param {string} name @param {Program} upstream @param {string} folder for our server's store
 */
export function startCandidate(name, upstream, folder) {
  const gateway = { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: 'sk-bench' };
  if (name === 'ours') return startOurs(folder, { ...gateway, AUTH_MODE: 'none' });
  return Program.start([file(`../servers/${PEERS[name]}`)], gateway);
}

/**
 * Our server as shipped, but without limits per caller, because one caller is the whole load.
 * @param {string} folder @param {Record<string, string>} env @param {string[]} [nodeOptions]
 */
export function startOurs(folder, env, nodeOptions = [], program = SERVER) {
  return Program.start([...nodeOptions, program], {
    PORT: '0',
    STORE_URL: `sqlite:${folder}/contexts-${Date.now()}.db`,
    RATE_LIMIT_CREATES_PER_MINUTE: '0',
    RATE_LIMIT_CHATS_PER_MINUTE: '0',
    MAX_STREAMS_PER_CALLER: '100000',
    ...env,
  });
}
