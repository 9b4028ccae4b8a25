import type { GatewayCalls, StreamedCall } from './http/calls.js';
import type { GatewayCall } from './http/client.js';
import type { JsonObject } from './json.js';

/** On whose behalf calls are made. */
export type Sender = Pick<GatewayCall, 'credential' | 'signal' | 'onEnd'>;

/** Calls with one caller's key, which its signal aborts. */
export class CallerCalls {
  constructor(
    private readonly calls: GatewayCalls,
    private readonly sender: Sender,
  ) {}

  json<T>(call: Omit<GatewayCall, keyof Sender>, read: (answer: JsonObject) => T): Promise<T> {
    return this.calls.json({ ...call, ...this.senderFacts() }, read);
  }

  stream<Part, Head>(call: Omit<StreamedCall<Part, Head>, keyof Sender>): AsyncGenerator<Part, Head, void> {
    return this.calls.stream({ ...call, ...this.senderFacts() });
  }

  private senderFacts(): Sender {
    const { credential, signal, onEnd } = this.sender;
    return { credential, signal, onEnd };
  }
}
