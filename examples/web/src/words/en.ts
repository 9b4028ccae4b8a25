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

  chats: 'Chats',
  newChat: 'New chat',
  newChatHere: 'New chat with the same',
  conversations: 'Conversations',
  removeChat: (title: string) => `Remove the chat “${title}”`,
  promptsHint: 'Choose a prompt. The server keeps its text in the cache, so each answer reads it from there.',
  prompt: 'Prompt',
  otherPrompt: 'Choose another prompt',
  byHand: 'Or create a context by hand',
  cacheStates: { WARM: 'cached', COLD: 'not cached yet', FAILED: 'cache failed' },

  contexts: 'Contexts',
  noContexts: 'None yet.',
  loading: 'Loading …',
  loadMore: 'Load more',
  persona: 'Persona',
  personaHint: 'The gateway stores this text once. Each chat then reads it from the cache.',
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
      meaning: 'One conversation: the gateway adds every question and answer to the cache.',
    },
    COMMON_PREFIX: {
      name: 'Common prefix',
      meaning:
        'Only the persona is cached; any number of chats share it, and each sends its own conversation.',
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
  contextExpired: 'This context has expired.',
  startAgain: 'Start again with the same persona',
  forget: (id: string) => `Forget the context ${id}`,
  forgetSurely: 'Forget permanently?',

  conversation: 'Conversation',
  askFirst: 'Ask a question. The bar below each answer shows how much of the prompt came from the cache.',
  askSession:
    'Ask a question. The gateway keeps this conversation; what was said elsewhere is not shown here.',
  question: 'Your question',
  you: 'You',
  send: 'Send',
  stop: 'Stop',
  stopped: 'Stopped.',
  keys: 'Enter sends, Shift+Enter adds a line, Esc stops the answer.',
  answering: 'Answering …',
  answered: 'Answer:',
  reasoning: 'Reasoning',
  copy: 'Copy',
  copyCode: 'Copy code',
  copied: 'Copied',
  edit: 'Edit',
  editQuestion: 'Edit the question',
  askAnew: 'Ask',
  cancel: 'Cancel',
  regenerate: 'Answer again',
  askAgain: 'Ask again',
  cacheStatuses: {
    USED: 'From the cache.',
    CREATED: 'The prompt was put into the cache for this answer.',
    RECREATED: 'The gateway had lost the cache; it was created again.',
    BYPASSED: 'Without the cache, at the full price.',
  },
  cacheReasons: {
    TOO_SHORT: 'Without the cache: the prompt is too short for it.',
    CREATE_FAILED: 'Without the cache, which could not be created in time.',
    MODEL_CANNOT_CACHE: 'Without the cache: the gateway caches nothing for this model.',
  },
  cutAtLength: 'The answer reached its maximum length.',
  cutByFilter: 'Moderation cut off the answer.',

  inSum: (answers: number) => `Total of ${plural(answers, 'answer', 'answers')}`,
  cached: (count: number) => `${plural(count, 'token', 'tokens')} cached`,
  fresh: (count: number) => `${number.format(count)} new`,
  fromCache: (cached: number, prompt: number, share: number) =>
    `${number.format(cached)} of ${plural(prompt, 'prompt token', 'prompt tokens')} came from the cache, ${share}%`,
  cost: (amount: string) => `Cost: ${amount}`,
  usageUnknown: 'The gateway did not report the tokens.',

  retry: 'Try again',
  retryAfter: (seconds: number) => `Wait ${plural(seconds, 'second', 'seconds')} first.`,
  problems: {
    BAD_USER_INPUT: 'The input is invalid.',
    UNAUTHENTICATED: 'This server needs a credential. Enter one under “Access”.',
    FORBIDDEN: 'This credential does not permit that.',
    CONTEXT_NOT_FOUND: 'This context no longer exists.',
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
    NETWORK_ERROR: 'The connection to the server was lost.',
  },
};
