/** The process with all callers, controlled by `Caller`. */

import { openStreams } from './load/open-streams.mjs';
import { chats, createContexts, newContextIds, newPrefixId, promptChats } from './load/requests.mjs';
import { chatStreams } from './load/streams.mjs';

const held = new Map();

const tasks = {
  createContexts,
  newContextIds,
  newPrefixId,
  chats,
  promptChats,
  chatStreams,
  async openStreams(options) {
    held.set(options.url, await openStreams(options));
  },
  async readToEnd({ url }) {
    await held.get(url)();
    held.delete(url);
  },
};

process.on('message', async ({ id, task, options }) => {
  try {
    process.send({ id, result: await tasks[task](options) });
  } catch (error) {
    process.send({ id, error: `${task} at ${options.url}: ${error.stack}` });
  }
});
process.once('disconnect', () => process.exit(0));
