import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Message } from '../../gateway/types.js';
import { type ContextRecord, DAY_MS, type Store } from '../../registry/store.js';
import { canonical, nameOfMessages } from '../names.js';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** The messages that prefixes began with, compressed and once per content: what they are created again from. */
export class KeptMessages {
  constructor(
    private readonly store: Store,
    private readonly isOn: boolean,
  ) {}

  /** The name they are kept under; null where none are kept. */
  async keep(messages: Message[], until: number, now: number): Promise<string | null> {
    if (!this.isOn) return null;
    const name = nameOfMessages(messages);
    const end = wholeDay(until);
    if ((await this.store.value(name, now)) === null) {
      const packed = await deflate(JSON.stringify(canonical(messages)));
      await this.store.setValue(name, packed.toString('base64'), end - now, now);
    } else {
      await this.store.keepValue(name, end, now);
    }
    return name;
  }

  /** As long as a context that needs them. */
  async keepFor({ messages, goneAt }: ContextRecord, now: number): Promise<void> {
    if (messages !== null) await this.store.keepValue(messages, wholeDay(goneAt), now);
  }

  async read({ messages }: ContextRecord, now: number): Promise<Message[] | null> {
    const packed = this.isOn && messages !== null ? await this.store.value(messages, now) : null;
    if (packed === null) return null;
    const text = (await inflate(Buffer.from(packed, 'base64'))).toString('utf8');
    return (JSON.parse(text) as ReturnType<typeof canonical>).map(([role, content]) => ({
      ...(role != null && { role }),
      ...(content != null && { content }),
    }));
  }
}

/** So that many a chat moves the end, and few have to write it. */
function wholeDay(time: number): number {
  return (Math.floor(time / DAY_MS) + 1) * DAY_MS;
}
