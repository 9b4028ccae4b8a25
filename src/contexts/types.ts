import { GraphQLSafeInt } from 'graphql-scalars';
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ContextExpiry } from '../gateway/caching-api.js';
import { ContextMode, MessageRole, TruncationType } from '../gateway/types.js';
import { Cost } from '../pricing/types.js';

registerEnumType(ContextExpiry, {
  name: 'ContextExpiry',
  description: 'Whether chats extend a context. Source: the documentation of its model’s API.',
  valuesConfig: {
    SLIDING: { description: 'Each chat restarts the ttl.' },
    FIXED: { description: 'It expires at a time fixed at creation.' },
  },
});
registerEnumType(ContextMode, {
  name: 'ContextMode',
  description: 'How the gateway treats chats with a context.',
  valuesConfig: {
    SESSION: {
      description:
        'One conversation: each question and answer is added to the context, a chat sends only the new messages, and only one chat runs at a time.',
    },
    COMMON_PREFIX: {
      description: 'The initial messages never change; any number of chats can share the context at once.',
    },
  },
});

registerEnumType(MessageRole, {
  name: 'MessageRole',
  description: 'The author of a message.',
  valuesConfig: {
    SYSTEM: { description: 'Instructions to the model: a persona, rules, documents.' },
    USER: { description: 'The user.' },
    ASSISTANT: { description: 'The model.' },
  },
});

registerEnumType(TruncationType, {
  name: 'TruncationType',
  description: 'What is dropped when a session exceeds the model’s context window.',
  valuesConfig: {
    LAST_HISTORY_TOKENS: { description: 'Everything but the given number of most recent tokens.' },
    ROLLING_TOKENS: { description: 'The oldest tokens, as new ones are added.' },
  },
});

@ObjectType({ description: 'Prompt tokens by source.' })
export class PromptTokensDetails {
  @Field(() => Int, { description: 'Prompt tokens served from the cache, billed at a discount.' })
  cachedTokens!: number;
}

@ObjectType({ description: 'Completion tokens by purpose.' })
export class CompletionTokensDetails {
  @Field(() => Int, { description: 'Tokens that a reasoning model used for reasoning.' })
  reasoningTokens!: number;
}

@ObjectType({ description: 'Billed tokens of one call, as counted by the gateway.' })
export class TokenUsage {
  @Field(() => Int, { description: 'Tokens of the prompt, including cached ones.' })
  promptTokens!: number;

  @Field(() => Int, { description: 'Tokens of the answer; 0 for a creation.' })
  completionTokens!: number;

  @Field(() => Int, { description: 'The gateway’s own total; Gemini models report 0 for a creation.' })
  totalTokens!: number;

  @Field(() => PromptTokensDetails, { nullable: true, description: 'null if the gateway did not report it.' })
  promptTokensDetails!: PromptTokensDetails | null;

  @Field(() => CompletionTokensDetails, {
    nullable: true,
    description: 'null if the gateway did not report it.',
  })
  completionTokensDetails!: CompletionTokensDetails | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens written to the cache (Gemini models); null if the gateway did not report it.',
  })
  cacheCreationInputTokens!: number | null;

  @Field(() => Cost, {
    nullable: true,
    description: 'What it cost, by the prices of that time; null if the model had no price.',
  })
  cost!: Cost | null;
}

@ObjectType({ description: 'What the gateway drops when the session exceeds the model’s context window.' })
export class TruncationStrategy {
  @Field(() => TruncationType, {
    nullable: true,
    description: 'The strategy; null for an unknown one.',
  })
  type!: TruncationType | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the oldest tokens are dropped as new ones are added.',
  })
  rollingTokens!: boolean | null;

  @Field(() => Int, { nullable: true, description: 'Tokens of history to keep.' })
  lastHistoryTokens!: number | null;

  @Field(() => Int, { nullable: true, description: 'Maximum tokens of history.' })
  maxWindowTokens!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens to drop at once when the window is full.',
  })
  rollingWindowTokens!: number | null;
}

@ObjectType({
  description: 'Totals over chats, as counted by the gateway, or estimated if it did not count them.',
})
export class ContextTotals {
  @Field(() => GraphQLSafeInt, { description: 'Answered chats.' })
  chats!: number;

  @Field(() => GraphQLSafeInt, { description: 'Tokens of their prompts, including cached ones.' })
  promptTokens!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens served from the cache, billed at a discount.' })
  cachedTokens!: number;

  @Field(() => GraphQLSafeInt, { description: 'Tokens of their answers.' })
  completionTokens!: number;

  @Field(() => GraphQLSafeInt, {
    description:
      'The part of the prompt and completion tokens that this server estimated, because the answer ended before the gateway reported them.',
  })
  estimatedTokens!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'cachedTokens / promptTokens, 0 to 1; null before the first chat.',
  })
  cacheHitRate!: number | null;
}

@ObjectType({
  description: 'A context cached by the gateway: the beginning of a conversation, stored once and reused.',
})
export class ContextCache {
  @Field(() => ID, {
    description: 'The id to use in chats, e.g. `ctx-20241211104333-12345`. It may contain slashes.',
  })
  id!: string;

  @Field(() => String, { description: 'The model it was created for.' })
  model!: string;

  @Field(() => ContextMode, {
    nullable: true,
    description:
      'The mode. If the gateway does not report it: the requested one, else SESSION, or COMMON_PREFIX for `gemini-*` models. null for an unknown mode.',
  })
  mode!: ContextMode | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds from its last use until it expires, as reported by the gateway or else as requested; null if neither is known.',
  })
  ttl!: number | null;

  @Field(() => TruncationStrategy, {
    nullable: true,
    description: 'What is dropped when it grows too long; null if the gateway did not report it.',
  })
  truncationStrategy!: TruncationStrategy | null;

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'Tokens used to create it; null if the gateway did not report them.',
  })
  usage!: TokenUsage | null;

  @Field(() => Date, { description: 'When the gateway’s response arrived.' })
  createdAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description:
      'When it expires; with `expiry` SLIDING unless it is used before. null if the ttl is unknown.',
  })
  expiresAt!: Date | null;

  @Field(() => ContextExpiry, { description: 'Whether chats move `expiresAt`.' })
  expiry!: ContextExpiry;

  @Field(() => Date, {
    description:
      'When you last used it in a chat; before the first chat, when you created or began to share it.',
  })
  lastUsedAt!: Date;

  @Field(() => Boolean, {
    description:
      'Whether `createContext` with `reuse` found it instead of creating it; always false in other results.',
  })
  reused!: boolean;

  @Field(() => ContextTotals, { description: 'Totals of your own chats with it.' })
  totals!: ContextTotals;
}

@ObjectType({ description: 'A context in a list.' })
export class ContextCacheEdge {
  @Field(() => ContextCache, { description: 'The context.' })
  node!: ContextCache;

  @Field(() => String, { description: 'An opaque cursor for `after`.' })
  cursor!: string;
}

@ObjectType({ description: 'Relay’s page information.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether older entries follow this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether newer entries precede this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first entry of the page; null if the page is empty.',
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the last entry of the page, for `after`; null if the page is empty.',
  })
  endCursor!: string | null;
}

@ObjectType({ description: 'A page of a list of contexts.' })
export class ContextCacheConnection {
  @Field(() => [ContextCacheEdge], { description: 'The entries of this page.' })
  edges!: ContextCacheEdge[];

  @Field(() => PageInfo, { description: 'Information for requesting other pages.' })
  pageInfo!: PageInfo;
}
