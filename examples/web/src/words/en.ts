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

  openAccess: 'Enter a credential',

  menu: 'Chats',
  newChat: 'New chat',
  conversations: 'Conversations',
  noConversations: 'None yet.',
  untitled: 'New conversation',
  remove: 'Delete',
  removeSurely: 'Delete?',
  contexts: (count: number, hasMore: boolean) => `Contexts (${number.format(count)}${hasMore ? '+' : ''})`,
  contextList: 'Contexts',
  noContexts: 'None yet.',

  choosePrompt: 'Choose a prompt to chat with',
  prompt: 'Prompt by name',
  promptStates: {
    WARM: 'in the cache',
    COLD: 'cached with the first question',
    FAILED: 'not cached at the moment',
  },
  byHand: 'Write a persona yourself',
  byHandHint: 'The gateway stores this text once, as a context. Each chat then reads it from the cache.',
  reused: 'reused',
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
      meaning: 'Only the persona is cached. Any number of chats can share it, and answers can be replaced.',
    },
  },
  ttl: 'Expires after the last use',
  fixedTtl: 'Expires after its creation',
  duration: (seconds: number) =>
    seconds < 86_400 ? plural(seconds / 3_600, 'hour', 'hours') : plural(seconds / 86_400, 'day', 'days'),
  create: 'Create context',
  creating: 'Creating …',
  expiresIn: (days: number, clock: string) =>
    `expires in ${days > 0 ? `${plural(days, 'day', 'days')} ` : ''}${clock}`,
  expired: 'expired',
  expiryUnknown: 'expiry unknown',
  sessionGone:
    'This session no longer exists: it has expired, or it was forgotten. Its history cannot be restored.',
  prefixGone:
    'This prefix no longer exists: it has expired, or it was forgotten. The conversation is still here.',
  startAgain: 'Start again with the same persona',
  sessionAgainHint: 'A new conversation begins. This one stays in the list.',
  prefixAgainHint: 'The persona is cached again, and this conversation goes on.',
  forget: 'Forget',
  forgetSurely: 'Forget forever?',

  conversation: 'Conversation',
  askFirst: 'Ask a question. The bar below each answer shows how much of the prompt came from the cache.',
  goOn: 'Continue the session. The gateway has its earlier messages, but they are not shown here.',
  question: 'Your question',
  you: 'You',
  send: 'Send',
  stop: 'Stop',
  stopped: 'Stopped.',
  failed: 'This answer failed.',
  newTurnHint: 'In a session, it is asked as a new question.',
  copyAnswer: 'Copy',
  copyCode: 'Copy code',
  copied: 'Copied',
  regenerate: 'Regenerate',
  askAgain: 'Ask again',
  edit: 'Edit',
  editQuestion: 'Edit your question',
  editHint: 'What followed this question is dropped.',
  cancel: 'Cancel',
  newOnPrompt: 'New chat with this prompt',
  newOnPrefix: 'New chat with this prefix',
  image: (name: string) => `Image: ${name}`,
  table: 'Table',
  keys: 'Enter sends, Shift+Enter adds a line, Esc stops the answer.',
  answering: 'Answering …',
  answered: 'Answer:',
  reasoning: 'Reasoning',
  cutAtLength: 'The answer reached its maximum length.',
  cutByFilter: 'Moderation cut off the answer.',

  inSum: (answers: number) => `Total of ${plural(answers, 'answer', 'answers')}`,
  cached: (count: number) => `${plural(count, 'token', 'tokens')} cached`,
  fresh: (count: number) => `${number.format(count)} new`,
  fromCache: (cached: number, prompt: number, share: number) =>
    `${number.format(cached)} of ${plural(prompt, 'prompt token', 'prompt tokens')} came from the cache, ${share}%`,
  cost: (amount: string) => `Cost: ${amount}`,
  saved: (amount: string, withoutCache: string) =>
    `In all your chats so far, caching saved ${amount} of ${withoutCache}, storage included.`,
  lost: (amount: string) =>
    `In all your chats so far, caching cost ${amount} more than it saved, storage included.`,
  usageUnknown: 'The gateway did not report the tokens.',
  cacheUses: {
    USED: 'The beginning was read from the cache.',
    CREATED: 'The prompt was put into the cache for this question.',
    RECREATED: 'The gateway had lost the cache; it was created again.',
    BYPASSED: 'Answered without the cache.',
  },
  bypassReasons: {
    TOO_SHORT: 'Without the cache: the prompt is too short for this model.',
    CREATE_FAILED: 'Without the cache: it could not be created in time. The server tries again later.',
    MODEL_CANNOT_CACHE: 'Without the cache: this model has none.',
  },

  retry: 'Try again',
  retryIn: (seconds: number) => `Try again in ${number.format(seconds)} s`,
  requestId: 'Request id:',
  chooseAnother: 'Choose another prompt',
  problems: {
    BAD_USER_INPUT: 'The input is invalid.',
    UNAUTHENTICATED: 'This server needs a valid credential.',
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
