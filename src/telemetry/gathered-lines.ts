import { type DestinationStream, pino } from 'pino';

/** Characters that lines are gathered to, and milliseconds that one waits for others: a write for each is dear. */
const ENOUGH = 16_000;
const LONGEST_WAIT_MS = 100;

/**
 * Lines on their way to stdout. pino's own destination gathers, too, but measures all that it has gathered anew at each line,
 * which was a tenth of a createContext. Writes wait for whoever reads them, as those of Node's console do: lines neither pile up nor
 * get lost.
 */
export class GatheredLines implements DestinationStream {
  private lines: string[] = [];
  private length = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly output: DestinationStream = pino.destination({ sync: true })) {
    process.once('exit', () => this.flushSync());
  }

  write(line: string): void {
    this.lines.push(line);
    this.length += line.length;
    if (this.length >= ENOUGH) this.flushSync();
    else this.timer ??= setTimeout(() => this.flushSync(), LONGEST_WAIT_MS).unref();
  }

  /** What pino calls before a process ends, and after a fatal error. */
  flushSync(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length === 0) return;
    const text = this.lines.join('');
    this.lines = [];
    this.length = 0;
    this.output.write(text);
  }

  flush(done: () => void): void {
    this.flushSync();
    done();
  }
}
