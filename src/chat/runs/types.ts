import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { ContextCache, TokenUsage } from '../../contexts/types.js';
import { ChatChoice, ChatFailure } from '../types.js';

export enum ChatRunStatus {
  RUNNING = 'RUNNING',
  DONE = 'DONE',
  STOPPED = 'STOPPED',
  INTERRUPTED = 'INTERRUPTED',
  FAILED = 'FAILED',
}

registerEnumType(ChatRunStatus, {
  name: 'ChatRunStatus',
  description: 'The state of a run.',
  valuesConfig: {
    RUNNING: { description: 'The answer is still coming.' },
    DONE: { description: 'The answer is complete.' },
    STOPPED: {
      description: 'It was stopped by `stopChat`, or because nobody watched it. Its text is kept.',
    },
    INTERRUPTED: {
      description: 'Its server process ended. The text stored so far is kept; the chat may be sent again.',
    },
    FAILED: { description: 'It failed; `failure` says why. Its text is kept.' },
  },
});

@ObjectType({
  description:
    'An answer that outlives the connection that asked for it. It is kept for RUN_KEPT_SECONDS after its end; only the caller who started it can see it.',
})
export class ChatRun {
  @Field(() => ID, { description: 'The id for `resumeChat` and `stopChat`.' })
  id!: string;

  @Field(() => ChatRunStatus, { description: 'Its state.' })
  status!: ChatRunStatus;

  @Field(() => String, { description: 'The model that was asked.' })
  model!: string;

  @Field(() => ContextCache, {
    nullable: true,
    description:
      'The context as it stands now; null with a `prompt`, or if it is gone or unknown to this server.',
  })
  context!: ContextCache | null;

  @Field(() => ID, { nullable: true, description: 'Name of the prompt; null for a chat with `contextId`.' })
  prompt!: string | null;

  @Field(() => Date, { description: 'When it began.' })
  startedAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'When it ended; null while it runs, and if it was interrupted by a crash.',
  })
  endedAt!: Date | null;

  @Field(() => [ChatChoice], { description: 'The text so far.' })
  choices!: ChatChoice[];

  @Field(() => TokenUsage, {
    nullable: true,
    description: 'Token usage; null if the gateway has not reported it. Never estimated.',
  })
  usage!: TokenUsage | null;

  @Field(() => ChatFailure, {
    nullable: true,
    description: 'Why it did not end as DONE; null while it runs.',
  })
  failure!: ChatFailure | null;
}
