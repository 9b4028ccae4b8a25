import type { Words } from './language';

const number = new Intl.NumberFormat('zh-CN');

export const zh: Words = {
  title: '上下文缓存聊天',
  skip: '跳到对话',
  access: '访问凭证',
  credential: '凭证',
  credentialHint: '每次请求都以“Authorization: Bearer …”发送，只保存在此标签页的内存中。',
  useCredential: '使用',

  contexts: '上下文',
  noContexts: '还没有上下文，请先创建一个。',
  newContext: '新建上下文',
  reused: '复用已有的',
  newContextHint: '这里写的内容只存储一次，之后每次聊天都从缓存读取。',
  loading: '加载中…',
  loadMore: '加载更多',
  persona: '人设',
  samplePersona: `你是灯具商店“流光”的客服。

- 态度友好，回答简短，使用顾客的语言。
- 订单一天内出库，三天内送达。
- 灯具三十天内可以退货，有无包装均可。
- 不要承诺折扣。不知道的事情，请直说不知道。`,
  model: '模型',
  cachingModels: '支持上下文缓存',
  otherModels: '其他',
  mode: '模式',
  modes: {
    SESSION: { name: '会话', meaning: '一段对话：每次问答都会加入缓存。' },
    COMMON_PREFIX: { name: '公共前缀', meaning: '只缓存人设，任意多个聊天可以共用。' },
  },
  ttl: '最后一次使用后保留',
  duration: (seconds) => (seconds < 86_400 ? `${seconds / 3_600} 小时` : `${seconds / 86_400} 天`),
  create: '创建上下文',
  creating: '创建中…',
  expiresIn: (days, clock) => `${days > 0 ? `${days} 天 ` : ''}${clock} 后过期`,
  expired: '已过期',
  expiryUnknown: '过期时间未知',
  contextExpired: '此上下文已过期，网关已将其永久清除。',
  forget: '忘记',
  forgetSurely: '永久忘记？',

  conversation: '对话',
  askFirst: '请提问。每个回答下方的条形图显示提示词有多少来自缓存。',
  goOn: '可以接着聊。之前的内容不在此显示。',
  question: '您的问题',
  you: '您',
  send: '发送',
  stop: '停止',
  stopped: '已停止。',
  keys: 'Enter 发送，Shift+Enter 换行，Esc 停止回答。',
  answering: '正在回答。',
  answered: '回答：',
  reasoning: '思考过程',
  cutAtLength: '回答已达到最大长度。',
  cutByFilter: '回答被内容审核截断。',

  inSum: (chats) => `${number.format(chats)} 次聊天合计`,
  cached: (count) => `缓存 ${number.format(count)} token`,
  fresh: (count) => `新读 ${number.format(count)}`,
  fromCache: (cached, prompt, share) =>
    `${number.format(prompt)} 个提示词 token 中有 ${number.format(cached)} 个来自缓存，占 ${share}%`,
  usageUnknown: '网关没有说明用了多少 token。',

  retry: '重试',
  retryAfter: (seconds) => `请先等待 ${number.format(seconds)} 秒。`,
  problems: {
    BAD_USER_INPUT: '输入的内容有误。',
    UNAUTHENTICATED: '此服务器需要凭证，请在“访问凭证”中输入。',
    FORBIDDEN: '此凭证没有权限。',
    CONTEXT_NOT_FOUND: '此上下文已不存在，请新建一个。',
    RUN_NOT_FOUND: '此回答已不再保留。',
    PROMPT_NOT_FOUND: '此服务器没有您可用的这个提示词。',
    MODEL_NOT_FOUND: '网关没有这个模型。',
    CONTENT_REJECTED: '内容未通过网关的审核。',
    IDEMPOTENCY_CONFLICT: '同一请求之前以不同内容发送过。',
    OUTCOME_UNKNOWN: '回答已丢失，但消息可能已送达。重新发送前请先查看。',
    RATE_LIMITED: '请求过于频繁。',
    QUOTA_EXCEEDED: '余额或 token 额度已用完。',
    GATEWAY_AUTH: '网关拒绝了服务器的密钥，请联系运维人员。',
    GATEWAY_TIMEOUT: '网关超时。',
    GATEWAY_UNAVAILABLE: '无法连接网关。',
    GATEWAY_BAD_RESPONSE: '网关的回答中断或无法理解。',
    CANCELLED: '请求已取消。',
    INTERNAL_SERVER_ERROR: '服务器出错了。',
    NETWORK: '与服务器的连接已断开。',
  },
};
