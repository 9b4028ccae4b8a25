import { chat, chunk, context, create, type FieldCase, GEMINI, SESSION, stream } from './field-case.js';

export const REFUSALS: FieldCase[] = [
  {
    situation: 'new-api moderation: HTTP 500, code sensitive_words_detected',
    source: 'QuantumNous/new-api#6656 (2026-08-04); #4499 "sensitive_words_detected" (2026-04-27)',
    gateway: {
      chat: {
        status: 500,
        json: {
          error: {
            message: 'sensitive_words_detected (request id: 20260804x)',
            type: 'new_api_error',
            param: '',
            code: 'sensitive_words_detected',
          },
        },
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'CONTENT_REJECTED',
          retryable: false,
        },
      },
    ],
  },
  {
    situation: 'nginx in front: 413 with an HTML page for a long prompt',
    source:
      'openresty/lua-resty-upload#27 (2016-08-25); apache/apisix#11221 (2024-05-02); langgenius/dify-sandbox#123 (2024-12-25)',
    gateway: {
      create: {
        status: 413,
        headers: {
          'content-type': 'text/html',
        },
        text: '<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx/1.25.5</center>\r\n</body>\r\n</html>\r\n',
      },
    },
    asked: [create(SESSION)],
    right: [
      {
        error: {
          code: 'BAD_USER_INPUT',
          retryable: false,
        },
      },
    ],
  },
  {
    situation: '422 {"detail": ...} (FastAPI)',
    source: 'openai/openai-node#1734 (2026-01-21): errors under "detail"',
    gateway: {
      chat: {
        status: 422,
        json: {
          detail: [
            {
              loc: ['body', 'messages', 0, 'content'],
              msg: 'field required',
              type: 'value_error.missing',
            },
          ],
        },
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
          retryable: false,
        },
      },
    ],
  },
  {
    situation: '400 {"error":"unknown content type"}: error is a string',
    source: 'microsoft/autogen#757 (2023-11-24); qualcomm/GenieX#683 (2025-10-15)',
    gateway: {
      chat: {
        status: 400,
        json: {
          error: 'unknown content type',
        },
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
          retryable: false,
        },
      },
    ],
  },
  {
    situation: 'stream, HTTP 200, first event {"error":{"message","code":429}}: integer code',
    source: 'QuantumNous/new-api#6643 (2026-08-04): codes rate_limit_error, rate_limit_exceeded, 429',
    gateway: {
      chat: {
        sse: ['data: {"error":{"message":"Provider returned error: too many requests","code":429}}\n\n'],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        error: {
          code: 'RATE_LIMITED',
        },
      },
    ],
  },
  {
    situation: 'HTTP 200 {"error":{"code":400}} integer code: a bad request must not be called retryable',
    source: 'same',
    gateway: {
      chat: {
        json: {
          error: {
            code: 400,
            message: 'Request contains an invalid argument.',
            status: 'INVALID_ARGUMENT',
          },
        },
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
          retryable: false,
        },
      },
    ],
  },
  {
    situation:
      'stream: event:error with :HTTP_STATUS/429 and data {"request_id","code":"Throttling.AllocationQuota","message"} (no "error" key)',
    source: 'QwenLM/qwen-code#3246 (2026-04-14)',
    gateway: {
      chat: {
        sse: [
          'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"request_id":"r","code":"Throttling.AllocationQuota","message":"Allocated quota exceeded"}\n\n',
        ],
      },
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        error: {
          code: 'RATE_LIMITED',
        },
      },
    ],
  },
  {
    situation: 'Cloudflare in front refuses the client: 403 text "error code: 1010"',
    source:
      'OpenAgentsInc/openagents#4721 (2026-06-10); cth9191/higgsfield-api-skill#1 (2026-09-17); 410979729/scope-recall-hermes#67 (2026-09-02)',
    gateway: {
      chat: {
        status: 403,
        headers: {
          'content-type': 'text/plain',
          server: 'cloudflare',
        },
        text: 'error code: 1010',
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: expect.not.stringMatching('GATEWAY_AUTH'),
        },
      },
    ],
  },
  {
    situation: '429 with Retry-After: 12.5',
    source:
      'opensearch-project/data-prepper#6927 (2026-06-15); teng-lin/notebooklm-py#1275 (2026-05-30); getsentry/sentry#7919 (2018-04-04)',
    gateway: {
      chat: {
        status: 429,
        headers: {
          'retry-after': '12.5',
        },
        json: {
          error: {
            message: 'slow down',
            code: 'RateLimitExceeded',
          },
        },
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'RATE_LIMITED',
          retryAfter: 13,
        },
      },
    ],
  },
  {
    situation: 'stream: the gateway refuses stream_options: 400 unknown_parameter',
    source:
      'QuantumNous/new-api#418 (2024-08-06); CherryHQ/cherry-studio#11652 (2025-12-03); 14790897/MiqroForge-Desktop#12 (2026-06-29)',
    gateway: {
      chat: [
        {
          status: 400,
          json: {
            error: {
              message: "Unknown parameter: 'stream_options'.",
              type: 'invalid_request_error',
              param: 'stream_options',
              code: 'unknown_parameter',
            },
          },
        },
        'ok',
      ],
    },
    asked: [create(SESSION), stream('hello')],
    right: [
      {},
      {
        text: 'fine',
      },
    ],
  },
  {
    situation: '400, code prompt_blocked: Gemini refused the prompt',
    source:
      'enricoros/big-AGI#871 (2025-11-09): promptFeedback PROHIBITED_CONTENT; new-api names it prompt_blocked (types/error.go)',
    gateway: {
      chat: {
        status: 400,
        json: {
          error: {
            message: 'request blocked by Gemini API: PROHIBITED_CONTENT',
            type: 'prompt_blocked',
            param: '',
            code: 'prompt_blocked',
          },
        },
      },
    },
    asked: [create(GEMINI), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'CONTENT_REJECTED',
        },
      },
    ],
  },
  {
    situation: 'SESSION chat while another still runs',
    source: 'own variation: OperationDenied.InvalidState',
    gateway: {
      chat: {
        status: 403,
        json: {
          error: { code: 'OperationDenied.InvalidState', message: 'context is in invalid state: InProgress' },
        },
      },
    },
    asked: [create(SESSION), chat('hello'), context],
    right: [
      {},
      { error: { code: 'RATE_LIMITED', retryable: true, message: expect.stringContaining('another chat') } },
      { id: expect.anything() },
    ],
  },
  {
    situation: 'a prompt too short for Gemini’s cache',
    source: 'own variation: the minimum is said to the caller',
    gateway: {
      create: {
        status: 400,
        json: [
          {
            error: {
              code: 400,
              message: 'Cached content is too small. total_token_count=8, min_total_token_count=1024',
            },
          },
        ],
      },
    },
    asked: [create(GEMINI)],
    right: [
      {
        error: {
          code: 'BAD_USER_INPUT',
          message: expect.stringContaining('1024'),
          fields: [{ path: ['input', 'messages'], message: expect.stringContaining('1024') }],
        },
      },
    ],
  },
  {
    situation: 'a refusal that names the parameter and quotes the prompt',
    source: 'own variation: fields in our spelling, nothing of the message',
    gateway: {
      chat: {
        status: 400,
        json: {
          error: { code: 'InvalidParameter', message: 'hello is no content', param: 'messages[0].content' },
        },
      },
    },
    asked: [create(SESSION), chat('hello')],
    right: [
      {},
      {
        error: {
          code: 'BAD_USER_INPUT',
          message: expect.not.stringContaining('hello'),
          fields: [{ path: ['input', 'messages', 0, 'content'], message: 'is refused by the gateway' }],
        },
      },
    ],
  },
  {
    situation: 'a firewall’s page with 403',
    source: 'own variation on OpenAgentsInc/openagents#4721',
    gateway: {
      create: { status: 403, text: '<html>Access denied</html>', headers: { 'content-type': 'text/html' } },
    },
    asked: [create(SESSION)],
    right: [{ error: { code: 'GATEWAY_BAD_RESPONSE', retryable: false } }],
  },
  ...[
    { json: { error: 'unknown content type' } },
    { json: [{ error: { code: 400, status: 'INVALID_ARGUMENT', message: 'no' } }] },
    { json: { detail: [{ loc: ['body', 'n'], msg: 'no', type: 'value_error' }] } },
    { json: { error: { code: 400, message: 'no' } }, headers: { 'content-type': 'text/event-stream' } },
    { sse: [{ error: { code: 'InvalidParameter', message: 'no' } }] },
    { sse: ['event: error\ndata: {"code":"InvalidParameter","message":"no"}\n\n'] },
    { sse: ['event: error\ndata: invalid request\n\n'] },
    {
      status: 500,
      json: {
        error: { message: '{"error":{"code":400,"status":"INVALID_ARGUMENT"}}', type: 'upstream_error' },
      },
    },
  ].map(
    (reply): FieldCase => ({
      situation: `a plain refusal: ${JSON.stringify(reply)}`,
      source: 'own variation: forms of an envelope',
      gateway: { chat: reply },
      asked: [create(SESSION), stream('hello')],
      right: [{}, { error: { code: 'BAD_USER_INPUT', retryable: false } }],
    }),
  ),
  {
    situation: 'stream: an error without a code in its middle',
    source: 'own variation: event: error after the first delta',
    gateway: { chat: { sse: [chunk({ content: 'a' }), 'event: error\ndata: too many requests\n\n'] } },
    asked: [create(SESSION), stream('hello')],
    right: [{}, { text: 'a', last: { __typename: 'ChatFailure', code: 'RATE_LIMITED', retryable: true } }],
  },
];
