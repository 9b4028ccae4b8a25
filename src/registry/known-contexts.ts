/** At a kilobyte each this is 10 MB; who asks for a forgotten one loses a convenience, no context. */
const MAX_KNOWN = 10_000;

interface Known {
  id: string;
}

/** The contexts that this process has created, by their owners; the least recently used are forgotten first. */
export class KnownContexts<T extends Known> {
  private readonly contexts = new Map<string, T>();

  constructor(private readonly max = MAX_KNOWN) {}

  find(callerId: string, id: string): T | undefined {
    return this.contexts.get(keyOf(callerId, id));
  }

  remember(callerId: string, context: T): void {
    const key = keyOf(callerId, context.id);
    this.contexts.delete(key);
    this.contexts.set(key, context);
    const [oldest] = this.contexts.keys();
    if (this.contexts.size > this.max && oldest !== undefined) this.contexts.delete(oldest);
  }
}

/** Neither part may hold a NUL, so no two pairs share a key. */
function keyOf(callerId: string, id: string): string {
  return `${callerId}\0${id}`;
}
