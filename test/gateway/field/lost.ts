import { chat, context, create, type FieldCase, GEMINI, PREFIX, SESSION, stream } from './field-case.js';

export const LOST: FieldCase[] = [
  {
    situation: 'SESSION chat whose prompt is too long: 400, code context_length_exceeded',
    source:
      'crewAIInc/crewAI-examples#121 "maximum context length exceeded" (2024-06-13); himanushi/chat-code#17 (2023-03-13)',
    gateway: {
      chat: [
        {
          status: 400,
          json: {
            error: {
              message:
                "This model's maximum context length is 32768 tokens. However, your messages resulted in 40112 tokens. Please reduce the length of the messages.",
              type: 'invalid_request_error',
              param: 'messages',
              code: 'context_length_exceeded',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(SESSION), chat('hello'), context, chat('shorter')],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
          retryable: false,
        },
      },
      {
        id: expect.anything(),
      },
      {
        choices: [
          {
            message: {
              content: 'fine',
            },
          },
        ],
      },
    ],
  },
  {
    situation: 'COMMON_PREFIX chat whose prompt is too long: 400, code context_length_exceeded',
    source: 'same reports',
    gateway: {
      chat: {
        status: 400,
        json: {
          error: {
            message:
              "This model's maximum context length is 32768 tokens. However, your messages resulted in 40112 tokens.",
            type: 'invalid_request_error',
            param: 'messages',
            code: 'context_length_exceeded',
          },
        },
      },
    },
    asked: [create(PREFIX), chat('hello'), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
        },
      },
      {},
    ],
    requests: 3,
  },
  {
    situation: 'SESSION chat with a mistyped model: Ark 404 InvalidEndpoint.NotFound',
    source: 'lobehub/lobehub#5744 "[Bug] 火山引擎服务商不可用" (2025-02-04)',
    gateway: {
      chat: [
        {
          status: 404,
          json: {
            error: {
              code: 'InvalidEndpoint.NotFound',
              message:
                'The request targeted an endpoint that does not exist or is invalid. Request id: 02173868101672674',
              param: '',
              type: 'NotFound',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(SESSION), chat('hello', { model: 'ep-typo' }), context, chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'MODEL_NOT_FOUND',
        },
      },
      {
        id: expect.anything(),
      },
      {
        choices: [
          {
            message: {
              content: 'fine',
            },
          },
        ],
      },
    ],
  },
  {
    situation: 'COMMON_PREFIX chat with a mistyped model: 404; each try creates the prefix anew and bills it',
    source: 'workglow-dev/libs#656 (2026-07-22)',
    gateway: {
      chat: {
        status: 404,
        json: {
          error: {
            message: "The requested model 'gemini-x-nope' was not found",
            type: 'api_error',
            param: null,
            code: null,
          },
        },
      },
    },
    asked: [create(PREFIX), chat('hello', { model: 'nope' }), chat('hello', { model: 'nope' })],
    right: [
      {},
      {
        error: {
          code: expect.stringMatching(/^(MODEL_NOT_FOUND|GATEWAY_BAD_RESPONSE)$/),
        },
      },
      {},
    ],
    requests: 3,
  },
  {
    situation: 'GATEWAY_URL without /v1: createContext gets 404 "Invalid URL (POST /context/create)"',
    source: 'bytedance/UI-TARS-desktop#568 (2025-05-04)',
    gateway: {
      create: {
        status: 404,
        json: {
          error: {
            message: 'Invalid URL (POST /context/create)',
            type: 'invalid_request_error',
            param: '',
            code: '',
          },
        },
      },
    },
    asked: [create(SESSION)],
    right: [
      {
        error: {
          code: 'GATEWAY_BAD_RESPONSE',
        },
      },
    ],
  },
  {
    situation:
      'Gemini: a lost cache answers 403 PERMISSION_DENIED "CachedContent not found (or permission denied)"',
    source:
      'google-gemini/deprecated-generative-ai-python#671 "Caching returns 403 Permission Denied error" (2025-02-05)',
    gateway: {
      chat: [
        {
          status: 403,
          json: {
            error: {
              code: 403,
              message: 'CachedContent not found (or permission denied)',
              status: 'PERMISSION_DENIED',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(GEMINI), chat('hello')],
    right: [
      {},
      {
        choices: [
          {
            message: {
              content: 'fine',
            },
          },
        ],
      },
    ],
  },
  {
    situation: 'Gemini: an expired cache answers 400 INVALID_ARGUMENT "Cache content N is expired."',
    source:
      'clawvisor/clawvisor#360 "retry on Vertex Gemini cache-expired (400 INVALID_ARGUMENT)" (2026-05-09)',
    gateway: {
      chat: [
        {
          status: 400,
          json: {
            error: {
              code: 400,
              message: 'Cache content $CONTEXT_TAIL is expired.',
              status: 'INVALID_ARGUMENT',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(GEMINI), chat('hello')],
    right: [
      {},
      {
        choices: [
          {
            message: {
              content: 'fine',
            },
          },
        ],
      },
    ],
  },
  {
    situation: 'SESSION chat: 400 that quotes the id: model of the call differs from that of the context',
    source:
      'workglow-dev/libs#656 (2026-07-22), own wording: an error that names the context id is not a lost context',
    gateway: {
      chat: [
        {
          status: 400,
          json: {
            error: {
              code: 'InvalidParameter',
              message:
                'The model doubao-lite of this request does not match the model of context $CONTEXT_ID. Request id: r1',
              param: 'model',
              type: 'BadRequest',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(SESSION), chat('hello', { model: 'Doubao-lite-32k' }), context],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
        },
      },
      {
        id: expect.anything(),
      },
    ],
  },
  {
    situation: 'SESSION chat: 404 with code bad_response_status_code',
    source:
      'own variation on L07: what new-api (types/error.go, bad_response_status_code) makes of an upstream 404 without a body, lobehub/lobehub#5744 (2025-02-04)',
    gateway: {
      chat: [
        {
          status: 404,
          json: {
            error: {
              message: 'bad response status code 404',
              type: 'bad_response_status_code',
              param: '404',
              code: 'bad_response_status_code',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(SESSION), chat('hello'), context],
    right: [
      {},
      {
        error: {
          code: expect.not.stringMatching('CONTEXT_NOT_FOUND'),
        },
      },
      {
        id: expect.anything(),
      },
    ],
  },
  {
    situation:
      'Gemini prefix lost (403 CachedContent not found); createContext with reuse hands the dead one out again',
    source:
      'google-gemini/deprecated-generative-ai-python#671 (2025-02-05) + clawvisor/clawvisor#360 (2026-05-09): every caller of the dead name fails until restart',
    gateway: {
      chat: [
        'ok',
        {
          status: 403,
          json: {
            error: {
              code: 403,
              message: 'CachedContent not found (or permission denied)',
              status: 'PERMISSION_DENIED',
            },
          },
        },
      ],
    },
    asked: [
      create({ ...GEMINI, reuse: true }),
      chat('hello'),
      chat('hello'),
      create({ ...GEMINI, reuse: true }),
      chat('hello'),
    ],
    right: [
      {},
      {},
      {},
      {
        reused: false,
      },
      {},
    ],
  },
  {
    situation: 'Gemini: a lost cache, in an array body',
    source: 'own variation on clawvisor/clawvisor#360',
    gateway: {
      chat: [
        { status: 400, json: [{ error: { code: 400, message: 'Cache content $CONTEXT_TAIL is expired.' } }] },
        'ok',
      ],
    },
    asked: [create(GEMINI), chat('hello'), stream('hello')],
    right: [{}, { choices: [{ message: { content: 'fine' } }] }, { text: 'fine' }],
    requests: 5,
  },
  {
    situation: 'Gemini: another cache is expired',
    source: 'own variation on clawvisor/clawvisor#360',
    gateway: {
      chat: { status: 400, json: { error: { code: 400, message: 'Cache content 1 is expired.' } } },
    },
    asked: [create(GEMINI), chat('hello')],
    right: [{}, { error: { code: 'BAD_USER_INPUT' } }],
    requests: 2,
  },
  {
    situation: 'SESSION chat: the code says that the history is gone',
    source: 'own variation: InvalidParameter.PreviousResponseNotFound',
    gateway: {
      chat: {
        status: 400,
        json: { error: { code: 'InvalidParameter.PreviousResponseNotFound', param: 'previous_response_id' } },
      },
    },
    asked: [create(SESSION), chat('hello'), context],
    right: [{}, { error: { code: 'CONTEXT_NOT_FOUND' } }, { error: { code: 'CONTEXT_NOT_FOUND' } }],
  },
  ...[400, 200].map(
    (status): FieldCase => ({
      situation: `SESSION chat: ${status}, and the message says that the context of the parameter has expired`,
      source: 'own variation on the table of errors: a message that names the context, under status 200 too',
      gateway: {
        chat: {
          status,
          json: {
            error: {
              code: 'InvalidParameter',
              message: 'The context $CONTEXT_ID has expired',
              param: 'context_id',
            },
          },
        },
      },
      asked: [create(SESSION), chat('hello'), context],
      right: [{}, { error: { code: 'CONTEXT_NOT_FOUND' } }, { error: { code: 'CONTEXT_NOT_FOUND' } }],
    }),
  ),
  {
    situation: 'COMMON_PREFIX chat: lost, and it cannot be created again just now',
    source: 'own variation: a failed recovery must not drop the context',
    gateway: {
      create: [
        'ok',
        { status: 400, json: { error: { code: 'InvalidParameter', param: 'messages[0].content' } } },
      ],
      chat: { status: 404, json: { error: { code: 'ContextNotFound' } } },
    },
    asked: [create(PREFIX), chat('hello'), context],
    right: [
      {},
      { error: expect.not.objectContaining({ fields: expect.anything() }) },
      { id: expect.anything() },
    ],
  },
  ...[
    { status: 404, text: 'not found', headers: { 'content-type': 'text/plain' } },
    { status: 404, json: { detail: 'Not Found' } },
    { status: 404, json: { error: { code: 'NotFound', message: 'no such path' } } },
    { status: 500, json: { error: { message: 'context deadline exceeded', type: 'api_error' } } },
    { status: 400, json: { error: { code: 'InvalidEndpoint.ClosedEndpoint', message: 'closed' } } },
    { status: 400, json: { error: { type: 'ContextWindowExceededError', message: 'no' } } },
    { status: 400, json: { error: { code: 'InvalidParameter', message: 'too long', param: 'context_id' } } },
  ].map(
    (reply): FieldCase => ({
      situation: `SESSION chat that says nothing of the context: ${JSON.stringify(reply)}`,
      source: 'own variation: whatever does not name the context leaves it alone',
      gateway: { chat: [reply, 'ok'] },
      asked: [create(SESSION), chat('hello'), chat('hello')],
      right: [
        {},
        { error: { code: expect.not.stringMatching('CONTEXT_NOT_FOUND') } },
        { choices: [{ message: { content: 'fine' } }] },
      ],
    }),
  ),
];
