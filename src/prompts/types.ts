import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ContextTotals } from '../contexts/types.js';

/** How a chat used the cache. */
export enum CacheStatus {
  USED = 'USED',
  CREATED = 'CREATED',
  RECREATED = 'RECREATED',
  BYPASSED = 'BYPASSED',
}

/** Why a chat went without a cached context. */
export enum CacheBypassReason {
  TOO_SHORT = 'TOO_SHORT',
  CREATE_FAILED = 'CREATE_FAILED',
  MODEL_CANNOT_CACHE = 'MODEL_CANNOT_CACHE',
}

export enum PromptCacheState {
  COLD = 'COLD',
  WARM = 'WARM',
  FAILED = 'FAILED',
}

registerEnumType(CacheStatus, {
  name: 'CacheStatus',
  description: 'How a chat used the cache.',
  valuesConfig: {
    USED: { description: 'With a context that existed before.' },
    CREATED: { description: 'With the prompt’s context, which was created for this chat.' },
    RECREATED: { description: 'With a context that the gateway had lost and that was created again.' },
    BYPASSED: {
      description: 'Without a context: the prompt’s messages were sent with the chat, at the full price.',
    },
  },
});

registerEnumType(CacheBypassReason, {
  name: 'CacheBypassReason',
  description: 'Why a chat went without a cached context.',
  valuesConfig: {
    TOO_SHORT: { description: 'The prompt is shorter than the gateway caches for this model.' },
    CREATE_FAILED: {
      description:
        'The context could not be created, or not within PROMPT_WAIT_MS. The creation is tried again later.',
    },
    MODEL_CANNOT_CACHE: { description: 'The gateway caches no context for this model.' },
  },
});

registerEnumType(PromptCacheState, {
  name: 'PromptCacheState',
  description: 'Whether the prompt’s context exists.',
  valuesConfig: {
    COLD: { description: 'There is none; the next chat creates it.' },
    WARM: { description: 'There is one; the next chat uses it.' },
    FAILED: {
      description:
        'Its creation failed. Chats go without it until this server tries again, after at most 5 minutes.',
    },
  },
});

@ObjectType({ description: 'How a chat used the cache.' })
export class CacheUse {
  @Field(() => CacheStatus, { description: 'Whether there was a context, and where it came from.' })
  status!: CacheStatus;

  @Field(() => CacheBypassReason, { nullable: true, description: 'Only with BYPASSED.' })
  reason!: CacheBypassReason | null;

  @Field(() => ID, { nullable: true, description: 'Name of the prompt; null for a chat with `contextId`.' })
  prompt!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Version of the prompt that answered; null for a chat with `contextId`.',
  })
  promptVersion!: string | null;
}

@ObjectType({ description: 'The state of a prompt’s context at the gateway.' })
export class PromptCache {
  @Field(() => PromptCacheState, { description: 'Whether it exists.' })
  state!: PromptCacheState;

  @Field(() => Int, {
    nullable: true,
    description: 'Tokens that it holds; null unless WARM and reported by the gateway.',
  })
  promptTokens!: number | null;

  @Field(() => Date, {
    nullable: true,
    description: 'When it expires unless anyone uses it before; null unless WARM and the ttl is known.',
  })
  expiresAt!: Date | null;
}

@ObjectType({
  description:
    'The beginning of a conversation that the operator declares and chats name. Its text is never returned.',
})
export class Prompt {
  @Field(() => ID, { description: 'The name to use in `chat` and `chatStream`, e.g. `support-zh`.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'A title for people.' })
  title!: string | null;

  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description!: string | null;

  @Field(() => String, { description: 'The model that answers.' })
  model!: string;

  @Field(() => String, {
    description:
      '12 hexadecimal digits that name its content: the same text has the same version everywhere.',
  })
  version!: string;

  @Field(() => PromptCache, { description: 'The state of its context. Does not call the gateway.' })
  cache!: PromptCache;

  @Field(() => ContextTotals, { description: 'Totals of your own chats by this name, over all versions.' })
  totals!: ContextTotals;
}
