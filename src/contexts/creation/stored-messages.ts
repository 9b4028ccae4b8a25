import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Message } from '../../gateway/types.js';
import { DAY_MS } from '../../store/hours.js';
import { type ContextRecord, type Store } from '../../store/store.js';
import { canonical, messagesKey } from '../keys.js';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** The initial messages of prefixes, to recreate them from: compressed, and stored once for equal content. */
export class StoredMessages {
  constructor(
    private readonly store: Store,
    private readonly isEnabled: boolean,
  ) {}

  /** Returns the key of the stored messages; null if storing is disabled. */
  async add(messages: Message[], until: number, now: number): Promise<string | null> {
    if (!this.isEnabled) return null;
    const key = messagesKey(messages);
    const expiresAt = nextDay(until);
    if ((await this.store.value(key, now)) === null) {
      const packed = await deflate(JSON.stringify(canonical(messages)));
      await this.store.setValue(key, packed.toString('base64'), expiresAt - now, now);
    } else {
      await this.store.extendValue(key, expiresAt, now);
    }
    return key;
  }

  /** Makes the messages live at least as long as the context. */
  async extend({ messages, expiresAt }: ContextRecord, now: number): Promise<void> {
    if (messages !== null) await this.store.extendValue(messages, nextDay(expiresAt), now);
  }

  async read({ messages }: ContextRecord, now: number): Promise<Message[] | null> {
    const packed = this.isEnabled && messages !== null ? await this.store.value(messages, now) : null;
    if (packed === null) return null;
    const text = (await inflate(Buffer.from(packed, 'base64'))).toString('utf8');
    return (JSON.parse(text) as ReturnType<typeof canonical>).map(([role, content]) => ({
      ...(role != null && { role }),
      ...(content != null && { content }),
    }));
  }
}

/** Rounded up to a day, so that most chats do not have to write it. */
function nextDay(time: number): number {
  return (Math.floor(time / DAY_MS) + 1) * DAY_MS;
}
