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
  reused: 'used again',
  newContextHint: 'What you write here is stored once. Each chat then reads it from the cache.',
  loading: 'Loading …',
  loadMore: 'Load more',
  persona: 'Persona',
  samplePersona: `You are the support agent of Luma, a shop for lamps and lights.

- Be friendly and brief, and answer in the customer’s language.
- Orders leave the warehouse within a day and arrive within three.
- Lamps can be returned for 30 days, with or without the box.
- Never promise a discount. Where you do not know something, say so.`,
  model: 'Model',
  cachingModels: 'Can keep a context',
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
  ttl: 'Kept after the last use',
  duration: (seconds: number) =>
    seconds < 86_400 ? plural(seconds / 3_600, 'hour', 'hours') : plural(seconds / 86_400, 'day', 'days'),
  create: 'Create context',
  creating: 'Creating …',
  expiresIn: (days: number, clock: string) =>
    `expires in ${days > 0 ? `${plural(days, 'day', 'days')} ` : ''}${clock}`,
  expired: 'expired',
  expiryUnknown: 'expiry not known',
  contextExpired: 'This context has expired. The gateway has forgotten it for good.',
  forget: 'Forget',
  forgetSurely: 'Forget for good?',

  conversation: 'Conversation',
  askFirst: 'Ask something. The bar below each answer shows how much of the prompt the cache served.',
  goOn: 'Go on where you left. What was said before is not shown here.',
  question: 'Your question',
  you: 'You',
  send: 'Send',
  stop: 'Stop',
  stopped: 'Stopped.',
  keys: 'Enter sends, Shift+Enter begins a line, Esc stops the answer.',
  answering: 'The answer is coming.',
  answered: 'Answer:',
  reasoning: 'Reasoning',
  cutAtLength: 'The answer reached its greatest length.',
  cutByFilter: 'The answer was cut off by moderation.',

  inSum: (chats: number) => `In sum over ${plural(chats, 'chat', 'chats')}`,
  cached: (count: number) => `${plural(count, 'token', 'tokens')} cached`,
  fresh: (count: number) => `${number.format(count)} fresh`,
  fromCache: (cached: number, prompt: number, share: number) =>
    `${number.format(cached)} of ${plural(prompt, 'prompt token', 'prompt tokens')} came from the cache, ${share}%`,
  usageUnknown: 'The gateway did not say how many tokens it took.',

  retry: 'Try again',
  retryAfter: (seconds: number) => `Wait ${plural(seconds, 'second', 'seconds')} first.`,
  problems: {
    BAD_USER_INPUT: 'Something in the input is not right.',
    UNAUTHENTICATED: 'This server wants a credential. Enter one under “Access”.',
    FORBIDDEN: 'This credential may not do that.',
    CONTEXT_NOT_FOUND: 'This context is not known any more. Create a new one.',
    MODEL_NOT_FOUND: 'The gateway does not offer this model.',
    CONTENT_REJECTED: 'The gateway’s moderation has refused the text.',
    IDEMPOTENCY_CONFLICT: 'The same request was sent before with other words.',
    OUTCOME_UNKNOWN: 'The answer was lost, but the message may have arrived. Look before you send it again.',
    RATE_LIMITED: 'Too much at once.',
    QUOTA_EXCEEDED: 'The balance or the budget of tokens is used up.',
    GATEWAY_AUTH: 'The gateway refuses the server’s key. Tell its operator.',
    GATEWAY_TIMEOUT: 'The gateway took too long.',
    GATEWAY_UNAVAILABLE: 'The gateway cannot be reached.',
    GATEWAY_BAD_RESPONSE: 'The gateway’s answer broke off or made no sense.',
    CANCELLED: 'The request was cancelled.',
    INTERNAL_SERVER_ERROR: 'Something went wrong in the server.',
    NETWORK: 'The connection to the server is lost.',
  },
};
