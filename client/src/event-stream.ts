export interface ServerSentEvent {
  /** `message` if the stream names none. */
  type: string;
  data: string;
}

/** Parses `text/event-stream` (WHATWG HTML, 9.2.6), in pieces of any size. */
export class EventStreamParser {
  private unread = '';
  private isFirst = true;
  private type = '';
  private data: string[] = [];

  /** Returns the events that this piece completes. */
  push(piece: string): ServerSentEvent[] {
    let text = this.unread + piece;
    if (this.isFirst && text !== '') {
      this.isFirst = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    // The LF of a CRLF may be in the next piece.
    const isCut = text.endsWith('\r');
    const lines = (isCut ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    this.unread = (lines.pop() ?? '') + (isCut ? '\r' : '');
    return lines.flatMap((line) => this.readLine(line) ?? []);
  }

  private readLine(line: string): ServerSentEvent | undefined {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.type = value;
    if (field === 'data') this.data.push(value);
    return undefined;
  }

  private dispatch(): ServerSentEvent | undefined {
    const event = { type: this.type || 'message', data: this.data.join('\n') };
    const isEmpty = this.data.length === 0;
    this.type = '';
    this.data = [];
    return isEmpty ? undefined : event;
  }
}
