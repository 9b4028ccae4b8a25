import { chat, chunk, create, type FieldCase, GEMINI, SESSION, stream, whole } from './field-case.js';

const USAGE = { prompt_tokens: 20, completion_tokens: 1, total_tokens: 21 };

export const STREAMS: FieldCase[] = [
  {
    situation: 'JSON answer with a byte order mark',
    source: 'own variation: BOM',
    gateway: {
      create: {
        text: '﻿{"id":"ctx-1","ttl":3600,"mode":"session","usage":{"prompt_tokens":8,"completion_tokens":0,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":0}}}',
      },
    },
    asked: [create(SESSION)],
    right: [
      {
        id: 'ctx-1',
      },
    ],
  },
  {
    situation: 'data:{...} without a space, bare "data:" heartbeats, data:[DONE]',
    source: 'lidge-jun/opencodex#1188 (2026-08-07)',
    gateway: {
      chat: {
        sse: [
          'data:{"id":"c1","object":"chat.completion.chunk","created":1732000000,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}\n\n',
          'data:\n\n',
          'data: \n\n',
          'data:{"id":"c1","object":"chat.completion.chunk","created":1732000000,"model":"m","choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n',
          'data:[DONE]\n\n',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'ab',
        last: {
          __typename: 'ChatDone',
        },
      },
    ],
  },
  {
    situation: 'event: ping with data: 2024-04-27 01:35:43.686476',
    source:
      'lanqian528/chat2api#25 (2024-04-27); missuo/FreeGPT35#29 (2024-04-07); waylaidwanderer/node-chatgpt-api#100 (2023-02-20)',
    gateway: {
      chat: {
        sse: [
          chunk({ role: 'assistant', content: 'a' }),
          'event: ping\ndata: 2024-04-27 01:35:43.686476\n\n',
          chunk({ content: 'b' }),
          chunk({}, 'stop'),
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'ab',
        last: {
          __typename: 'ChatDone',
        },
      },
    ],
  },
  {
    situation: 'stream: delta.content is an array of parts, text and thinking',
    source: 'vercel/ai#13703 (2026-03-20)',
    gateway: {
      chat: {
        sse: [
          chunk({
            role: 'assistant',
            content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hmm' }] }],
          }),
          chunk({ content: [{ type: 'text', text: 'Hello' }] }),
          chunk({ content: ' world' }),
          chunk({}, 'stop'),
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'Hello world',
      },
    ],
  },
  {
    situation: 'stream: thoughts come as delta.reasoning',
    source:
      'BerriAI/litellm#22573 (2026-03-02); vllm-project/vllm#50624 (2026-07-31); azrtydxb/Fastllm-proxy#23 (2026-09-20)',
    gateway: {
      chat: {
        sse: [
          chunk({ role: 'assistant', reasoning: 'let me' }),
          chunk({ reasoning: ' think' }),
          chunk({ content: '42' }),
          chunk({}, 'stop'),
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        reasoning: 'let me think',
        text: '42',
      },
    ],
  },
  {
    situation: 'Gemini through a gateway: finish_reason "STOP" in capitals',
    source: 'QwenLM/qwen-code#9884 (2026-08-24)',
    gateway: {
      chat: {
        json: whole(
          { index: 0, message: { role: 'assistant', content: 'OK' }, finish_reason: 'STOP' },
          {
            usage: {
              prompt_tokens: 20,
              completion_tokens: 3,
              total_tokens: 23,
              prompt_tokens_details: { cached_tokens: 12 },
            },
          },
        ),
      },
    },
    asked: [create(GEMINI), chat('hello')],
    right: [
      {},
      {
        choices: [
          {
            finishReason: 'STOP',
          },
        ],
      },
    ],
  },
  {
    situation: 'finish_reason is the text "null" while it goes on',
    source:
      'own variation on songquanpeng/one-api#1523 (2024-06-11); public clients guard against it (find_string: FinishReason != "null", 10 hits)',
    gateway: {
      chat: {
        sse: [
          chunk({ role: 'assistant', content: 'a' }, 'null'),
          chunk({ content: 'b' }, 'null'),
          chunk({}, 'stop'),
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'ab',
        finish: ['STOP'],
      },
    ],
  },
  {
    situation: 'stream labelled application/json',
    source: 'xiaoliu10/claude-code-router-next#45 (2026-08-25): SSE peek for application/json',
    gateway: {
      chat: {
        sse: [chunk({ role: 'assistant', content: 'a' }), chunk({}, 'stop'), '[DONE]'],
        headers: {
          'content-type': 'application/json',
        },
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'a',
      },
    ],
  },
  {
    situation: 'stream with Content-Encoding: none',
    source:
      'mattrobinsonsre/terrapod#71 (2026-03-13): Content-Encoding: none as the common cure for SSE buffering',
    gateway: {
      chat: {
        sse: [chunk({ role: 'assistant', content: 'a' }), chunk({}, 'stop'), '[DONE]'],
        headers: {
          'content-encoding': 'none',
        },
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'a',
      },
    ],
  },
  {
    situation: 'stream packed with gzip although identity was asked for',
    source: 'btubbs/sseclient#27 (2019-04-11); rossoctl/cortex#656 (2026-07-11)',
    gateway: {
      chat: {
        sse: [chunk({ role: 'assistant', content: 'a' }), chunk({}, 'stop'), '[DONE]'],
        pack: 'gzip',
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'a',
      },
    ],
  },
  {
    situation: 'stream: delta.refusal and no content',
    source:
      'langchain4j/langchain4j#5813 (2026-07-20); openclaw/openclaw#102334 (2026-07-09); NousResearch/hermes-agent#91181 (2026-08-21)',
    gateway: {
      chat: {
        sse: [
          chunk({ role: 'assistant', content: null, refusal: '' }),
          chunk({ refusal: "I can't help with that." }),
          chunk({}, 'stop'),
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: expect.stringMatching(/./),
      },
    ],
  },
  {
    situation: 'stream whose chunk has message in place of delta',
    source: 'openclaw/openclaw#102349 (2026-07-09): choice.delta ?? choice.message',
    gateway: {
      chat: {
        sse: [
          {
            id: 'c1',
            choices: [
              {
                index: 0,
                message: {
                  role: 'assistant',
                  content: 'the whole answer',
                },
                finish_reason: 'stop',
              },
            ],
          },
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'the whole answer',
      },
    ],
  },
  ...(['gzip', 'br', 'deflate', 'deflate-raw'] as const).map(
    (pack): FieldCase => ({
      situation: `answers packed with ${pack} although it was not asked for`,
      source: 'own variation on btubbs/sseclient#27',
      gateway: {
        chat: [
          { json: whole({ message: { content: 'a' } }), pack },
          { sse: [chunk({ content: 'a' }), chunk({}, 'stop'), '[DONE]'], pack },
          { sse: [chunk({ content: '您好'.repeat(100_000) }), '[DONE]'], pack },
        ],
      },
      asked: [create(SESSION), chat('hello'), stream('hello'), stream('hello')],
      right: [
        {},
        { choices: [{ message: { content: 'a' } }] },
        { text: 'a', last: { __typename: 'ChatDone' } },
        { text: '您好'.repeat(100_000), last: { __typename: 'ChatDone' } },
      ],
    }),
  ),
  ...['text/plain', 'text/html', 'application/octet-stream', ''].map(
    (type): FieldCase => ({
      situation: `stream labelled "${type}"`,
      source: 'own variation on xiaoliu10/claude-code-router-next#45',
      gateway: {
        chat: {
          sse: [': hello\n\n', chunk({ content: 'a' }, 'stop'), '[DONE]'],
          headers: { 'content-type': type },
        },
      },
      asked: [create(SESSION), stream('hello')],
      right: [{}, { text: 'a', last: { __typename: 'ChatDone' } }],
    }),
  ),
  {
    situation: 'a whole answer labelled text/event-stream, with a byte order mark',
    source: 'own variation on xiaoliu10/claude-code-router-next#45',
    gateway: {
      chat: {
        text: `\uFEFF\n${JSON.stringify(whole({ message: { content: 'a' }, finish_reason: 'stop' }))}`,
        headers: { 'content-type': 'text/event-stream', 'content-encoding': 'utf-8' },
      },
    },
    asked: [create(SESSION), stream('hello'), chat('hello')],
    right: [
      {},
      { text: 'a', last: { __typename: 'ChatDone' } },
      { choices: [{ message: { content: 'a' } }] },
    ],
  },
  {
    situation: 'stream with a byte order mark, named events and JSON pings',
    source: 'own variation on lanqian528/chat2api#25',
    gateway: {
      chat: {
        sse: [
          '\uFEFFevent: ping\ndata: {"type":"ping"}\n\n',
          'event: message\ndata: {"choices":[{"delta":{"content":"a"}}]}\n\n',
          'event: status\ndata: still thinking\n\n',
          'data: {"type":"ping"}\n\n',
          chunk({ content: 'b' }, 'stop'),
          'event: done\ndata: [DONE]\n\n',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { text: 'ab', last: { __typename: 'ChatDone' } }],
  },
  {
    situation: 'whole: parts, thoughts, a refusal and a legacy text',
    source: 'own variation on vercel/ai#13703',
    gateway: {
      chat: [
        {
          json: whole({
            message: {
              content: [
                { type: 'text', text: 'a' },
                { type: 'text', text: 'b' },
              ],
            },
          }),
        },
        { json: whole({ message: { content: 'a', thinking: 'hmm' }, finish_reason: 'end_turn' }) },
        { json: whole({ message: { content: null, refusal: 'no' }, finish_reason: 'SAFETY' }) },
        { json: whole({ text: 'old', finish_reason: 'MAX_TOKENS' }) },
      ],
    },
    asked: [create(SESSION), chat('1'), chat('2'), chat('3'), chat('4')],
    right: [
      {},
      { choices: [{ message: { content: 'ab' } }] },
      { choices: [{ message: { content: 'a', reasoningContent: 'hmm' }, finishReason: 'STOP' }] },
      { choices: [{ message: { content: 'no' }, finishReason: 'CONTENT_FILTER' }] },
      { choices: [{ message: { content: 'old' }, finishReason: 'LENGTH' }] },
    ],
  },
  {
    situation: 'stream packed and cut short',
    source: 'own variation: what was unpacked is passed on, then the break is said',
    gateway: { chat: { sse: [chunk({ content: 'a' })], pack: 'gzip', isCut: true } },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { text: 'a', last: { __typename: 'ChatFailure', code: 'GATEWAY_BAD_RESPONSE' } }],
  },
  {
    situation: 'stream: the connection breaks in place of [DONE], behind the usage',
    source: 'own variation: nothing of the answer is missing',
    gateway: {
      chat: {
        sse: [chunk({ content: 'a' }), chunk({}, 'stop'), whole({}, { choices: [], usage: USAGE })],
        isCut: true,
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { text: 'a', last: { __typename: 'ChatDone', usage: { promptTokens: 20 } } }],
  },
  {
    situation: 'stream: the connection breaks before the usage, or before the answer’s end',
    source: 'own variation: something is missing',
    gateway: {
      chat: [
        { sse: [chunk({ content: 'a' }), chunk({}, 'stop')], isCut: true },
        { sse: [chunk({ content: 'a' }), whole({}, { choices: [], usage: USAGE })], isCut: true },
      ],
    },
    asked: [create(SESSION), stream('hello'), stream('hello')],
    right: [
      {},
      { text: 'a', last: { __typename: 'ChatFailure', code: 'GATEWAY_BAD_RESPONSE' } },
      { text: 'a', last: { __typename: 'ChatFailure', code: 'GATEWAY_BAD_RESPONSE' } },
    ],
  },
  {
    situation: 'stream: a refusal in place of [DONE], behind the usage',
    source: 'own variation: the gateway says that it failed',
    gateway: {
      chat: {
        sse: [
          chunk({ content: 'a' }),
          chunk({}, 'stop'),
          whole({}, { choices: [], usage: USAGE }),
          { error: { code: 'OutputTextRiskDetection', message: 'no' } },
        ],
        isCut: true,
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { text: 'a', last: { __typename: 'ChatFailure', code: 'CONTENT_REJECTED' } }],
  },
  {
    situation: 'stream: the chunk with the usage does not name the model',
    source: 'own variation: what an earlier chunk said stays',
    gateway: {
      chat: { sse: [chunk({ content: 'a' }), chunk({}, 'stop'), { choices: [], usage: USAGE }, '[DONE]'] },
    },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { last: { model: 'm', usage: { promptTokens: 20 } } }],
  },
];
