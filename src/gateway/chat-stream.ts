import { cutShort } from './errors.js';
import type { GatewayEvent } from './http.js';
import { fromChatAnswer, fromChatChunk, fromChatHead } from './mapping.js';
import type { ChatAnswerHead, ChatAnswerPart, NewChat } from './types.js';

/** A streamed chat as deltas and one end; throws where it broke off. */
export async function* readChatStream(
  events: AsyncIterable<GatewayEvent>,
  asked: NewChat,
): AsyncGenerator<ChatAnswerPart> {
  const end: ChatAnswerHead = fromChatHead({}, asked);
  const finished = new Map<number, boolean>();
  for await (const event of events) {
    if (event.kind === 'answer') {
      const { choices, ...head } = fromChatAnswer(event.body, asked);
      for (const { index, message, finishReason } of choices)
        yield { delta: { index, ...message, finishReason } };
      yield { end: head };
      return;
    }
    if (event.kind === 'end') {
      yield { end };
      return;
    }
    rememberHead(end, fromChatHead(event.body, asked));
    for (const delta of fromChatChunk(event.body)) {
      finished.set(delta.index, finished.get(delta.index) || delta.finishReason !== null);
      yield { delta };
    }
  }
  // Some gateways leave out `[DONE]`: an answer whose every choice gave a reason to finish is whole.
  if (finished.size === 0 || ![...finished.values()].every(Boolean)) throw cutShort();
  yield { end };
}

/** Each chunk names the answer, and only the last one counts its tokens. */
function rememberHead(end: ChatAnswerHead, head: ChatAnswerHead): void {
  end.id ??= head.id;
  end.model = head.model;
  end.created ??= head.created;
  end.usage = head.usage ?? end.usage;
}
