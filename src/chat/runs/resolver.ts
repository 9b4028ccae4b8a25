import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Ctx,
  Extensions,
  ID,
  Info,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { badUserInput } from '../../errors.js';
import { RequestContext } from '../../request-context.js';
import { started } from '../../util/generators.js';
import { selects } from '../../util/selects.js';
import { type ChatEvent, ChatStreamEvent } from '../types.js';
import { MAX_LISTED, MAX_LISTED_BYTES, Runs } from './runs.js';
import { ChatRun } from './types.js';

const RUN_ID = 'Id of the run, from `ChatStarted`.';

interface SubscribeData {
  args: { runId: string; after: number };
  context: RequestContext;
}

@Resolver(() => ChatRun)
export class RunResolver {
  constructor(private readonly runs: Runs) {}

  @Query(() => ChatRun, {
    nullable: true,
    description: 'One of your runs. RUN_NOT_FOUND if it is unknown, no longer kept or another caller’s.',
  })
  chatRun(
    @Arg('id', () => ID, { description: RUN_ID }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ChatRun> {
    return this.runs.find(id, context);
  }

  @Query(() => [ChatRun], {
    description: `Your runs that are running or are still kept, the newest first, at most ${MAX_LISTED}; with \`choices\`, only as many as have ${MAX_LISTED_BYTES / 2 ** 20} MiB of text together, but at least one.`,
  })
  @Extensions({ maxItems: MAX_LISTED })
  chatRuns(@Ctx() context: RequestContext, @Info() info: GraphQLResolveInfo): Promise<ChatRun[]> {
    return this.runs.list(context, selects(info, 'choices'));
  }

  @Mutation(() => ChatRun, {
    description:
      'Aborts the call to the gateway and returns the run. Its text so far is kept. A run that has ended is unchanged.',
  })
  stopChat(
    @Arg('runId', () => ID, { description: RUN_ID }) runId: string,
    @Ctx() context: RequestContext,
  ): Promise<ChatRun> {
    return this.runs.stop(runId, context);
  }

  @Subscription(() => ChatStreamEvent, {
    description:
      'Streams a run: the deltas after `after`, new deltas as they arrive, then exactly one ChatDone or ChatFailure, also if the run has ended. Neighbouring past deltas of a choice may be joined.',
    subscribe: ({ args, context }: SubscribeData) =>
      context.container.get(RunResolver).openStream(args.runId, args.after, context),
  })
  resumeChat(
    @Arg('runId', () => ID, { description: RUN_ID }) _runId: string,
    @Arg('after', () => Int, {
      defaultValue: 0,
      description: '`seq` of the last delta that you have, at least 0.',
    })
    _after: number,
    @Root() event: ChatEvent,
  ): ChatEvent {
    return event;
  }

  private async openStream(
    runId: string,
    after: number,
    context: RequestContext,
  ): Promise<AsyncIterableIterator<ChatEvent>> {
    const last = context.resumedFrom?.runId === runId ? context.resumedFrom.seq : 0;
    const seq = Math.max(after ?? 0, last);
    if (seq < 0)
      throw badUserInput('after must be at least 0', [{ path: ['after'], message: 'must be at least 0' }]);
    return started(await this.runs.resume(runId, seq, context));
  }
}
