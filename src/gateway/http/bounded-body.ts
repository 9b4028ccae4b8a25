import { GrowingBuffer } from '../../util/growing-buffer.js';
import { badResponse } from '../errors/gateway-error.js';

/** The body of a response that is read as a whole. */
export class BoundedBody extends GrowingBuffer {
  constructor(
    private readonly maxBytes: number,
    private readonly status: number,
  ) {
    super();
  }

  /** Throws where there are too many bytes. */
  override append(bytes: Buffer): void {
    super.append(bytes);
    if (this.length <= this.maxBytes) return;
    throw badResponse(`it is larger than ${this.maxBytes} bytes`, { gateway: { status: this.status } });
  }
}
