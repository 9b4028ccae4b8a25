import { Arg, Ctx, Mutation, Resolver, Root, Subscription } from 'type-graphql';
import { invalidFields } from '../errors.js';
import { validateInput } from '../input/validation.js';
import { RequestContext } from '../request-context.js';
import { started } from '../util/generators.js';
import { Chats } from './chats.js';
import { ChatInput, OnDisconnect } from './input.js';
import { Runs } from './runs/runs.js';
import { ChatCompletion, type ChatEvent, ChatStreamEvent } from './types.js';

interface SubscribeData {
  args: { input: ChatInput };
  context: RequestContext;
}

@Resolver()
export class ChatResolver {
  constructor(
    private readonly chats: Chats,
    private readonly runs: Runs,
  ) {}

  @Mutation(() => ChatCompletion, {
    description:
      'Asks a context and waits for the whole answer. On a SESSION one chat runs at a time; the next waits its turn. Source: `POST /context/chat/completions`.',
  })
  chat(
    @Arg('input', () => ChatInput, { description: 'The context, the new turn and how to answer it.' })
    input: ChatInput,
    @Ctx() context: RequestContext,
  ): Promise<ChatCompletion> {
    return this.chats.complete(input, context);
  }

  @Subscription(() => ChatStreamEvent, {
    description:
      'Asks a context and streams the answer: deltas as they come, then exactly one ChatDone or ChatFailure. An error before the first event is an ordinary GraphQL error. Source: `POST /context/chat/completions` with `stream`.',
    subscribe: ({ args, context }: SubscribeData) =>
      context.container.get(ChatResolver).openStream(args.input, context),
  })
  chatStream(
    @Arg('input', () => ChatInput, { description: 'The context, the new turn and how to answer it.' })
    _input: ChatInput,
    @Root() event: ChatEvent,
  ): ChatEvent {
    return event;
  }

  private async openStream(
    plain: ChatInput,
    context: RequestContext,
  ): Promise<AsyncIterableIterator<ChatEvent>> {
    const input = ChatInput.from(plain);
    validateInput(input);
    if (input.onDisconnect === OnDisconnect.CONTINUE) return this.openRun(input, context);
    if (input.idempotencyKey != null) throw onlyIfKept();
    return this.chats.stream(input, context);
  }

  /** A request that repeats its `Last-Event-ID` does not ask again. */
  private async openRun(
    input: ChatInput,
    context: RequestContext,
  ): Promise<AsyncIterableIterator<ChatEvent>> {
    const { resumedFrom } = context;
    if (resumedFrom) return started(await this.runs.resume(resumedFrom.runId, resumedFrom.seq, context));
    return started(await this.runs.start(input, context));
  }
}

function onlyIfKept() {
  const message = 'may only be used with the mutation `chat`, or with onDisconnect CONTINUE';
  return invalidFields([{ path: ['input', 'idempotencyKey'], message }]);
}
