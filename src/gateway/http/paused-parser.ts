import type { EventEmitter } from 'node:events';
import symbols from 'undici/lib/core/symbols.js';
import type Client from 'undici/lib/dispatcher/client.js';

/** Of undici's own parts, what is touched here. */
interface Parser {
  paused: boolean;
  resume(): void;
  llhttp: { llhttp_resume(parser: number): void };
  ptr: number;
}
type Socket = EventEmitter & { [symbols.kParser]: Parser | null };

/**
 * undici 7 throws where nobody can catch it when a connection ends while its parser is paused: a slow reader of an answer
 * that ends with its connection would end the process (nodejs/undici#5360; mended in 8, which needs Node 22). So the parser
 * goes on just before undici hears of the end.
 */
export function goOnAtEnd(client: Client): void {
  client.on('connect', () => {
    const socket = (client as unknown as { [symbols.kSocket]: Socket })[symbols.kSocket];
    const goOn = () => {
      const parser = socket[symbols.kParser];
      if (!parser?.paused) return;
      parser.resume();
      // Where nothing is left to read, an answer without a length is paused anew.
      if (parser.paused) parser.llhttp.llhttp_resume(parser.ptr);
      parser.paused = false;
    };
    for (const event of ['end', 'error', 'close']) socket.prependListener(event, goOn);
  });
}
