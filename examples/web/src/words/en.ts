const number = new Intl.NumberFormat('en');
const plural = (count: number, one: string, many: string) =>
  `${number.format(count)} ${count === 1 ? one : many}`;

export const en = {
  title: 'Context chat',
  skip: 'Skip to the conversation',
  access: 'Access',
  credential: 'Credential',
  credentialHint: 'Sent as “Authorization: Bearer …” with each request. Kept in the memory of this tab only.',
  useCredential: 'Use',

  contexts: 'Contexts',
  noContexts: 'None yet. Create the first one.',
  newContext: 'New context',
  reused: 'reused',
  newContextHint: 'The gateway stores this text once. Each chat then reads it from the cache.',
  loading: 'Loading …',
  loadMore: 'Load more',
  persona: 'Persona',
  samplePersona: `You are the support agent of Luma, a shop for lamps and lights.

- Be friendly and brief, and answer in the customer’s language.
- Orders leave the warehouse within a day and arrive within three.
- Lamps can be returned for 30 days, with or without the box.
- Never promise a discount. If you do not know something, say so.`,
  model: 'Model',
  cachingModels: 'With caching',
  otherModels: 'Others',
  mode: 'Mode',
  modes: {
    SESSION: {
      name: 'Session',
      meaning: 'One conversation: every question and answer is added to the cache.',
    },
    COMMON_PREFIX: {
      name: 'Common prefix',
      meaning: 'Only the persona is cached, and any number of chats can share it.',
    },
  },
  ttl: 'Expires after the last use',
  duration: (seconds: number) =>
    seconds < 86_400 ? plural(seconds / 3_600, 'hour', 'hours') : plural(seconds / 86_400, 'day', 'days'),
  create: 'Create context',
  creating: 'Creating …',
  expiresIn: (days: number, clock: string) =>
    `expires in ${days > 0 ? `${plural(days, 'day', 'days')} ` : ''}${clock}`,
  expired: 'expired',
  expiryUnknown: 'expiry unknown',
  contextExpired: 'This context has expired. It cannot be restored.',
  forget: 'Forget',
  forgetSurely: 'Forget permanently?',

  conversation: 'Conversation',
  askFirst: 'Ask a question. The bar below each answer shows how much of the prompt came from the cache.',
  goOn: 'Continue the conversation. Earlier messages are not shown here.',
  question: 'Your question',
  you: 'You',
  send: 'Send',
  stop: 'Stop',
  stopped: 'Stopped.',
  keys: 'Enter sends, Shift+Enter adds a line, Esc stops the answer.',
  answering: 'Answering …',
  answered: 'Answer:',
  reasoning: 'Reasoning',
  cutAtLength: 'The answer reached its maximum length.',
  cutByFilter: 'Moderation cut off the answer.',

  inSum: (chats: number) => `Total of ${plural(chats, 'chat', 'chats')}`,
  cached: (count: number) => `${plural(count, 'token', 'tokens')} cached`,
  fresh: (count: number) => `${number.format(count)} new`,
  fromCache: (cached: number, prompt: number, share: number) =>
    `${number.format(cached)} of ${plural(prompt, 'prompt token', 'prompt tokens')} came from the cache, ${share}%`,
  usageUnknown: 'The gateway did not report the tokens.',

  retry: 'Try again',
  retryAfter: (seconds: number) => `Wait ${plural(seconds, 'second', 'seconds')} first.`,
  problems: {
    BAD_USER_INPUT: 'The input is invalid.',
    UNAUTHENTICATED: 'This server needs a credential. Enter one under “Access”.',
    FORBIDDEN: 'This credential does not permit that.',
    CONTEXT_NOT_FOUND: 'This context no longer exists. Create a new one.',
    RUN_NOT_FOUND: 'This answer is no longer kept.',
    PROMPT_NOT_FOUND: 'This server has no such prompt for you.',
    MODEL_NOT_FOUND: 'The gateway does not offer this model.',
    CONTENT_REJECTED: 'The gateway’s moderation rejected the text.',
    IDEMPOTENCY_CONFLICT: 'The same request was sent before with a different input.',
    OUTCOME_UNKNOWN: 'The answer was lost, but the message may have arrived. Check before you send it again.',
    RATE_LIMITED: 'Too many requests.',
    QUOTA_EXCEEDED: 'The account balance or the token quota is used up.',
    GATEWAY_AUTH: 'The gateway rejects the server’s key. Contact the server’s operator.',
    GATEWAY_TIMEOUT: 'The gateway took too long.',
    GATEWAY_UNAVAILABLE: 'The gateway cannot be reached.',
    GATEWAY_BAD_RESPONSE: 'The gateway’s answer was incomplete or invalid.',
    CANCELLED: 'The request was cancelled.',
    INTERNAL_SERVER_ERROR: 'Something went wrong in the server.',
    NETWORK: 'The connection to the server was lost.',
  },
};
