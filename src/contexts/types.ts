import { GraphQLSafeInt } from 'graphql-scalars';
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ContextMode, MessageRole, TruncationType } from '../gateway/types.js';

registerEnumType(ContextMode, {
  name: 'ContextMode',
  description: 'How the gateway keeps a context.',
  valuesConfig: {
    SESSION: {
      description:
        'One conversation: every question and answer is added to the context, a chat sends only the newest turn, and one chat runs at a time.',
    },
    COMMON_PREFIX: {
      description: 'The initial messages never change; any number of chats can share the context at once.',
    },
  },
});

registerEnumType(MessageRole, {
  name: 'MessageRole',
  description: 'Who speaks in a message.',
  valuesConfig: {
    SYSTEM: { description: 'Instructions to the model: a persona, rules, documents.' },
    USER: { description: 'The person who asks.' },
    ASSISTANT: { description: 'The model.' },
  },
});

registerEnumType(TruncationType, {
  name: 'TruncationType',
  description: 'What is dropped when a session outgrows the model’s window.',
  valuesConfig: {
    LAST_HISTORY_TOKENS: { description: 'All but the last so many tokens of the history.' },
    ROLLING_TOKENS: { description: 'The oldest tokens, as new ones come.' },
  },
});

@ObjectType({ description: 'Prompt tokens by where they came from.' })
export class PromptTokensDetails {
  @Field(() => Int, { description: 'Prompt tokens that the cache served; billed at a discount.' })
  cachedTokens!: number;
}

@ObjectType({ description: 'Completion tokens by what they were for.' })
export class CompletionTokensDetails {
  @Field(() => Int, { description: 'Tokens that a reasoning model spent on thinking.' })
  reasoningTokens!: number;
}

@ObjectType({ description: 'Tokens that one call was billed for, as the gateway counted them.' })
export class TokenUsage {
  @Field(() => Int, { description: 'Tokens of the prompt, those from the cache included.' })
  promptTokens!: number;

  @Field(() => Int, { description: 'Tokens of the answer; 0 for a creation.' })
  completionTokens!: number;

  @Field(() => Int, { description: 'The gateway’s own total; Gemini models report 0 for a creation.' })
  totalTokens!: number;

  @Field(() => PromptTokensDetails, { nullable: true, description: 'null where the gateway gave none.' })
  promptTokensDetails!: PromptTokensDetails | null;

  @Field(() => CompletionTokensDetails, { nullable: true, description: 'null where the gateway gave none.' })
  completionTokensDetails!: CompletionTokensDetails | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens that were written to the cache (Gemini models); null where the gateway gave none.',
  })
  cacheCreationInputTokens!: number | null;
}

@ObjectType({ description: 'What the gateway drops when the session outgrows the model’s window.' })
export class TruncationStrategy {
  @Field(() => TruncationType, {
    nullable: true,
    description: 'Which strategy; null for one that is not known here.',
  })
  type!: TruncationType | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the oldest tokens roll off as new ones come.',
  })
  rollingTokens!: boolean | null;

  @Field(() => Int, { nullable: true, description: 'Tokens of history that are kept.' })
  lastHistoryTokens!: number | null;

  @Field(() => Int, { nullable: true, description: 'Tokens of the window that the history may fill.' })
  maxWindowTokens!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens that are dropped at once when the window is full.',
  })
  rollingWindowTokens!: number | null;
}

@ObjectType({
  description: 'Sums over chats, as the gateway counted them; what it did not count is estimated.',
})
export class ContextTotals {
  @Field(() => GraphQLSafeInt, { description: 'Chats that were answered.' })
  chats!: number;

  @Field(() => GraphQLSafeInt, { description: 'Tokens of their prompts, those from the cache included.' })
  promptTokens!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens that the cache served; billed at a discount.' })
  cachedTokens!: number;

  @Field(() => GraphQLSafeInt, { description: 'Tokens of their answers.' })
  completionTokens!: number;

  @Field(() => GraphQLSafeInt, {
    description:
      'How many of the prompt and completion tokens this server estimated, because the answer ended before the gateway counted them.',
  })
  estimatedTokens!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'cachedTokens / promptTokens, 0 to 1; null before the first chat.',
  })
  cacheHitRate!: number | null;
}

@ObjectType({
  description: 'A context that the gateway keeps: the beginning of a conversation, stored once and reused.',
})
export class ContextCache {
  @Field(() => ID, {
    description: 'What chats name it by, e.g. `ctx-20241211104333-12345`. It may hold slashes.',
  })
  id!: string;

  @Field(() => String, { description: 'The model it was created for.' })
  model!: string;

  @Field(() => ContextMode, {
    nullable: true,
    description:
      'How it is kept. Where the gateway does not say: as asked for, else SESSION, COMMON_PREFIX for `gemini-*` models. null for a mode that is not known here.',
  })
  mode!: ContextMode | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds that it outlives its last use: as the gateway says, else as asked for; null where neither is known.',
  })
  ttl!: number | null;

  @Field(() => TruncationStrategy, {
    nullable: true,
    description: 'What is dropped when it grows too long; null where the gateway did not say.',
  })
  truncationStrategy!: TruncationStrategy | null;

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'What creating it cost; null where the gateway did not say.',
  })
  usage!: TokenUsage | null;

  @Field(() => Date, { description: 'When the gateway’s answer came.' })
  createdAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'When it will be gone unless it is used before; null where the ttl is not known.',
  })
  expiresAt!: Date | null;
  @Field(() => Date, {
    description: 'When you last chatted with it; before the first chat, when you came to hold it.',
  })
  lastUsedAt!: Date;

  @Field(() => Boolean, {
    description:
      'Whether `createContext` with `reuse` found it instead of creating it; false wherever else it is read.',
  })
  reused!: boolean;

  @Field(() => ContextTotals, { description: 'What your own chats with it have used so far.' })
  totals!: ContextTotals;
}

@ObjectType({ description: 'A context in a list.' })
export class ContextCacheEdge {
  @Field(() => ContextCache, { description: 'The context.' })
  node!: ContextCache;

  @Field(() => String, { description: 'Its place in the list, for `after`. Opaque.' })
  cursor!: string;
}

@ObjectType({ description: 'Where a page stands in its list, as Relay’s cursor connections have it.' })
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
    description: 'Cursor of the last entry of the page, to be sent as `after`; null if the page is empty.',
  })
  endCursor!: string | null;
}

@ObjectType({ description: 'A page of a list of contexts.' })
export class ContextCacheConnection {
  @Field(() => [ContextCacheEdge], { description: 'The entries of this page.' })
  edges!: ContextCacheEdge[];

  @Field(() => PageInfo, { description: 'Where the page stands in the list.' })
  pageInfo!: PageInfo;
}

@ObjectType({ description: 'What caching saved on one model.' })
export class ModelCacheReport {
  @Field(() => String, { description: 'The model that the contexts were created for.' })
  model!: string;

  @Field(() => GraphQLSafeInt, { description: 'Contexts that you created or came to share.' })
  contexts!: number;

  @Field(() => ContextTotals, { description: 'What your chats with them used.' })
  totals!: ContextTotals;
}

@ObjectType({
  description: 'What caching saved you. Contexts that have expired or were forgotten count as well.',
})
export class CacheReport {
  @Field(() => GraphQLSafeInt, { description: 'Contexts that you created or came to share.' })
  contexts!: number;

  @Field(() => ContextTotals, { description: 'What your chats with them used.' })
  totals!: ContextTotals;

  @Field(() => [ModelCacheReport], { description: 'The same by model, in the order of their names.' })
  byModel!: ModelCacheReport[];
}
