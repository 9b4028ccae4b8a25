const EMPTY: Buffer = Buffer.alloc(0);

/** Collects chunks in one buffer: one-byte chunks as separate Buffers would take a hundred times the memory. */
export class GrowingBuffer {
  private room = EMPTY;
  private size = 0;

  get length(): number {
    return this.size;
  }

  append(piece: Buffer): void {
    const needed = this.size + piece.length;
    // Most bodies come in one piece, which is not copied.
    if (this.size === 0) this.room = piece;
    else {
      if (needed > this.room.length) this.grow(needed);
      piece.copy(this.room, this.size);
    }
    this.size = needed;
  }

  /** All that has come; the buffer is empty afterwards. */
  take(): Buffer {
    const { room, size } = this;
    this.room = EMPTY;
    this.size = 0;
    return size === room.length ? room : room.subarray(0, size);
  }

  private grow(needed: number): void {
    const room = Buffer.allocUnsafe(Math.max(needed, 2 * this.room.length));
    this.room.copy(room, 0, 0, this.size);
    this.room = room;
  }
}
