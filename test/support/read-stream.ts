import type { ChatAnswerDelta, ChatAnswerHead } from '../../src/gateway/types.js';

/** Hands each delta to `take`, waits for it, and returns how the answer ended; closes the stream where `take` throws. */
export async function readStream(
  stream: AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, undefined>,
  take: (delta: ChatAnswerDelta) => unknown = () => undefined,
): Promise<ChatAnswerHead> {
  try {
    for (;;) {
      const { done, value } = await stream.next();
      if (done) return value;
      await take(value);
    }
  } finally {
    await stream.return({ id: null, model: '', created: null, usage: null });
  }
}
