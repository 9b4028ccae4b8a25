/** Streams of events over the two transports. Each caller has its own connection. */

import { Client } from 'undici';
import { WebSocket } from 'ws';

const END = 'event: complete\n';
const NEXT = 'event: next\n';

/** graphql-sse, distinct connections mode. */
export class SseCaller {
  #client;
  #path;

  constructor(url) {
    const { origin, pathname } = new URL(url);
    this.#client = new Client(origin);
    this.#path = pathname;
  }

  async open() {}

  /** Resolves at the end of the stream. @param {object} payload @param {(events: number, text: string) => void} onEvents */
  async read(payload, onEvents) {
    const { statusCode, body } = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(payload),
    });
    if (statusCode !== 200) throw new Error(`${statusCode} ${await body.text()}`);
    let rest = '';
    body.setEncoding('utf8');
    for await (const text of body) {
      const whole = rest + text;
      const end = whole.lastIndexOf('\n\n');
      rest = whole.slice(end + 1).trimStart();
      const ready = whole.slice(0, end + 1);
      if (ready.includes('"errors"')) throw new Error(ready.slice(0, 1_000));
      const events = ready.split(NEXT).length - 1;
      if (events > 0) onEvents(events, ready);
      if (ready.includes(END)) return body.dump();
    }
    throw new Error('the stream was cut');
  }

  close() {
    return this.#client.destroy();
  }
}

/** graphql-transport-ws. */
export class WebSocketCaller {
  #socket;
  #operations = 0;
  /** Handler of the open stream's messages. */
  #hear = () => {};

  constructor(url) {
    this.#socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  }

  async open() {
    const socket = this.#socket;
    await new Promise((resolve, reject) => {
      socket.once('open', () => socket.send('{"type":"connection_init"}'));
      socket.once('error', reject);
      socket.once('message', resolve);
    });
    socket.on('message', (data) => this.#hear(data.toString()));
    socket.once('close', (code) => this.#hear(`{"type":"closed","code":${code}}`));
  }

  read(payload, onEvents) {
    this.#operations += 1;
    const id = String(this.#operations);
    return new Promise((resolve, reject) => {
      this.#hear = (text) => {
        // Parsing only the beginning keeps the caller's cost out of the figures.
        if (text.includes('"type":"next"') && !text.includes('"errors"')) return onEvents(1, text);
        if (text.includes('"type":"complete"')) return resolve();
        if (!text.includes('"type":"ping"')) return reject(new Error(text.slice(0, 1_000)));
        this.#socket.send('{"type":"pong"}');
      };
      this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload }));
    });
  }

  close() {
    this.#socket.terminate();
  }
}
