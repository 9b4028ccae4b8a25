/** Many calls of one caller at the same moment. */
const bursts = [
  /** On a prefix all at once; on a session one after the other, and no more than may wait. */
  async (caller) => {
    const [prefix, session] = [caller.idsOf('COMMON_PREFIX').at(-1), caller.idsOf('SESSION').at(-1)];
    const chats = (id, times) => Array.from({ length: id ? times : 0 }, () => caller.chat(id));
    await Promise.all([...chats(prefix, 150), ...chats(session, 50)]);
  },
  async (caller, { random }) => {
    const reuse = `burst-${random.between(1, 1e9)}`;
    const creates = Array.from({ length: 100 }, () => caller.create({ mode: 'COMMON_PREFIX', reuse }));
    await Promise.all(creates);
  },
  /** The same request many times on one connection, and several such connections. */
  async (caller) => {
    const ids = [...caller.answered.keys()].slice(-6);
    await Promise.all(ids.map((id) => caller.pipeline(id, 6)));
  },
  async (caller) => {
    const ids = [...caller.answered.keys()].slice(-6);
    await Promise.all(ids.flatMap((id) => [caller.stream(id), caller.stream(id), caller.stream(id)]));
  },
];

/** Each kind of burst in turn, of one caller after the other, until it is no longer to go on. */
export async function burst(callers, world, goesOn, rest) {
  for (let number = 0; number < bursts.length || goesOn(); number++) {
    await rest();
    await bursts[number % bursts.length](callers[number % callers.length], world);
  }
}
