import {
  chat,
  chunk,
  create,
  type FieldCase,
  GEMINI,
  models,
  PREFIX,
  report,
  SESSION,
  stream,
  whole,
} from './field-case.js';

export const NUMBERS: FieldCase[] = [
  {
    situation: 'whole: usage.prompt_cache_hit_tokens, no details',
    source:
      'earendil-works/pi#3880 (2026-04-28); NousResearch/hermes-agent#61871 (2026-07-10); langchain-ai/langchain#39668 (2026-08-15)',
    gateway: {
      chat: {
        json: whole(
          { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
          {
            usage: {
              prompt_tokens: 100,
              completion_tokens: 5,
              total_tokens: 105,
              prompt_cache_hit_tokens: 90,
              prompt_cache_miss_tokens: 10,
            },
          },
        ),
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        usage: {
          promptTokensDetails: {
            cachedTokens: 90,
          },
        },
        context: {
          totals: {
            cacheHitRate: 0.9,
          },
        },
      },
    ],
  },
  {
    situation:
      'Gemini chat: usage.cache_read_input_tokens (sibling of the cache_creation_input_tokens that this gateway documents)',
    source: 'BerriAI/litellm#35127, #27763 (2026-07-29); 8monkey-ai/hebo-gateway#187 (2026-04-29)',
    gateway: {
      chat: {
        json: whole(
          { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
          {
            usage: {
              prompt_tokens: 4400,
              completion_tokens: 5,
              total_tokens: 4405,
              cache_read_input_tokens: 4375,
            },
          },
        ),
      },
    },
    asked: [create(GEMINI), chat('hello')],
    right: [
      {},
      {
        usage: {
          promptTokensDetails: {
            cachedTokens: 4375,
          },
        },
        context: {
          totals: {
            cachedTokens: 4375,
          },
        },
      },
    ],
  },
  {
    situation: 'prompt_tokens without the cached ones: prompt 25, cached 4375',
    source: 'tiann/hapi#1389 (2026-08-06: 417% cache hit rate); sepivip/SeekerClaw#145 (2026-02-19: 878%)',
    gateway: {
      chat: {
        json: whole(
          { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
          {
            usage: {
              prompt_tokens: 25,
              completion_tokens: 5,
              total_tokens: 30,
              prompt_tokens_details: { cached_tokens: 4375 },
            },
          },
        ),
      },
    },
    asked: [create(GEMINI), chat('hello'), report],
    right: [
      {},
      {
        context: {
          totals: {
            cacheHitRate: 4_375 / 4_400,
          },
        },
      },
      {},
    ],
  },
  {
    situation: 'stream: usage inside choices[0].usage (Moonshot)',
    source: 'earendil-works/pi#2017 (2026-03-10)',
    gateway: {
      chat: {
        sse: [
          chunk({ role: 'assistant', content: 'a' }),
          {
            id: 'c1',
            choices: [
              {
                index: 0,
                delta: {},
                finish_reason: 'stop',
                usage: {
                  prompt_tokens: 100,
                  completion_tokens: 5,
                  total_tokens: 105,
                  cached_tokens: 90,
                },
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
        last: {
          usage: {
            promptTokens: 100,
          },
        },
      },
    ],
  },
  {
    situation: 'created 1732000000.25',
    source:
      'looplj/axonhub#2187 (2026-08-10); BoundaryML/baml#1746 (2025-04-08); envoyproxy/ai-gateway#962 (2025-07-28)',
    gateway: {
      chat: {
        json: whole(
          { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
          {
            created: 1732000000.25,
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
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        created: '2024-11-19T07:06:40.000Z',
      },
    ],
  },
  {
    situation: 'created in milliseconds 1732000000000',
    source: 'EricLBuehler/mistral.rs#1805 (2026-01-10); PawanOsman/OpenCursor#67 (2024-02-03)',
    gateway: {
      chat: {
        json: whole(
          { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
          {
            created: 1732000000000,
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
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        created: '2024-11-19T07:06:40.000Z',
      },
    ],
  },
  {
    situation: 'createContext with ttl 3600, answer without ttl',
    source: 'own variation: the answer leaves the ttl out though it was asked for',
    gateway: {
      create: {
        json: {
          id: 'ctx-1',
          mode: 'session',
          usage: {
            prompt_tokens: 8,
            completion_tokens: 0,
            total_tokens: 8,
            prompt_tokens_details: {
              cached_tokens: 0,
            },
          },
        },
      },
    },
    asked: [create(SESSION)],
    right: [
      {
        expiresAt: expect.anything(),
      },
    ],
  },
  {
    situation: 'ttl "300s", as Google writes durations',
    source: 'own variation',
    gateway: { create: { json: { id: 'projects/1/cachedContents/2', ttl: '300s' } } },
    asked: [create(GEMINI)],
    right: [{ ttl: 300, expiresAt: '2026-01-01T12:05:00.000Z' }],
  },
  {
    situation: 'created as text, and of models in milliseconds',
    source: 'own variation on EricLBuehler/mistral.rs#1805',
    gateway: {
      chat: { json: whole({ message: { content: 'a' } }, { created: '1732000000' }) },
      models: { json: { data: [{ id: 'm', created: 1_732_000_000_000 }] } },
    },
    asked: [create(SESSION), chat('hello'), models],
    right: [{}, { created: '2024-11-19T07:06:40.000Z' }, [{ id: 'm', created: '2024-11-19T07:06:40.000Z' }]],
  },
  {
    situation: 'stream: more cached tokens than prompt tokens, in the report as well',
    source: 'own variation on tiann/hapi#1389',
    gateway: {
      chat: {
        sse: [
          chunk({ content: 'a' }, 'stop'),
          { choices: [], usage: { input_tokens: 25, output_tokens: 5, cache_read_input_tokens: 4_375 } },
          '[DONE]',
        ],
      },
    },
    asked: [create(PREFIX), stream('hello'), report],
    right: [
      {},
      { last: { usage: { promptTokens: 4_400, promptTokensDetails: { cachedTokens: 4_375 } } } },
      { totals: { promptTokens: 4_400, cachedTokens: 4_375, cacheHitRate: 4_375 / 4_400 } },
    ],
  },
  {
    situation: 'usage that is all zeros, which is no count: the chat is estimated',
    source: 'own variation',
    gateway: {
      chat: {
        json: whole(
          { message: { content: 'hello world' } },
          { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
        ),
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [{}, { usage: null, context: { totals: { chats: 1, promptTokens: 21, completionTokens: 2 } } }],
  },
  {
    situation: 'stream: usage, then one that is all zeros',
    source: 'own variation',
    gateway: {
      chat: {
        sse: [
          {
            ...chunk({ content: 'a' }),
            usage: { prompt_tokens: 20, completion_tokens: 1, total_tokens: 21 },
          },
          { ...chunk({}, 'stop'), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
          '[DONE]',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { last: { usage: { promptTokens: 20, completionTokens: 1 } } }],
  },
  {
    situation: 'reasoning tokens that completion_tokens does not contain, by the total',
    source: 'Wei-Shaw/sub2api#5771 (2026-08-18); router-for-me/CLIProxyAPI#5733 (2026-09-11)',
    gateway: {
      chat: {
        json: whole(
          { message: { content: 'a' } },
          {
            usage: {
              prompt_tokens: 20,
              completion_tokens: 30,
              total_tokens: 75,
              completion_tokens_details: { reasoning_tokens: 25 },
            },
          },
        ),
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [{}, { usage: { completionTokens: 55, totalTokens: 75 } }],
  },
  {
    situation: 'reasoning tokens within completion_tokens, as of OpenAI',
    source: 'own variation',
    gateway: {
      chat: {
        json: whole(
          { message: { content: 'a' } },
          {
            usage: {
              prompt_tokens: 20,
              completion_tokens: 30,
              total_tokens: 50,
              completion_tokens_details: { reasoning_tokens: 25 },
            },
          },
        ),
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [{}, { usage: { completionTokens: 30, totalTokens: 50 } }],
  },
  {
    situation: 'prompt_tokens without those written to the cache, of a creation and a chat',
    source: 'own variation on tiann/hapi#1389',
    gateway: {
      create: {
        json: {
          id: 'projects/1/cachedContents/3',
          ttl: 300,
          usage: {
            prompt_tokens: 0,
            completion_tokens: 0,
            total_tokens: 0,
            cache_creation_input_tokens: 4_375,
          },
        },
      },
      chat: {
        json: whole(
          { message: { content: 'a' } },
          {
            usage: {
              prompt_tokens: 25,
              completion_tokens: 5,
              total_tokens: 30,
              cache_read_input_tokens: 10,
              cache_creation_input_tokens: 100,
            },
          },
        ),
      },
    },
    asked: [create(GEMINI), chat('hello')],
    right: [{ usage: { promptTokens: 4_375 } }, { usage: { promptTokens: 135, totalTokens: 140 } }],
  },
];
