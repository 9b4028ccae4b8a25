import type { ServerResponse } from 'node:http';

export const CHAT_ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_767_268_800,
  model: 'Doubao-1.5-pro-32k',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: '您好', reasoning_content: 'hm' },
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 20,
    completion_tokens: 3,
    total_tokens: 23,
    prompt_tokens_details: { cached_tokens: 8 },
    completion_tokens_details: { reasoning_tokens: 1 },
  },
};

const HEAD = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_767_268_800,
  model: 'Doubao-1.5-pro-32k',
};

export function chunk(delta: object, finishReason: string | null = null, index = 0): string {
  const choices = [{ index, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...HEAD, choices, usage: null })}\n\n`;
}

export const USAGE = `data: ${JSON.stringify({ ...HEAD, choices: [], usage: CHAT_ANSWER.usage })}\n\n`;
export const DONE = 'data: [DONE]\n\n';

/** 'Hi ' and '您好😀', as the gateway streams them. */
export const STREAM = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hi ' }),
  ': keep-alive\n\n',
  chunk({ content: '您好😀' }),
  chunk({}, 'stop'),
  USAGE,
  DONE,
].join('');

export function beginStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  return response;
}

/** Each piece on its own, so that the reader sees the cuts. */
export async function sendPieces(response: ServerResponse, pieces: (string | Uint8Array)[]): Promise<void> {
  beginStream(response).socket?.setNoDelay(true);
  for (const piece of pieces) {
    await new Promise((resolve) => response.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
