import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { promptUsageScope } from '../contexts/keys.js';
import { toContextTotals } from '../contexts/records.js';
import { RequestContext } from '../request-context.js';
import { type Store, ZERO_TOTALS } from '../store/store.js';
import type { PromptContexts } from './prompt-contexts.js';
import type { PromptDefinition } from './prompt-file.js';
import type { Prompts } from './prompts.js';
import { Prompt } from './types.js';

export interface PromptResolverParts {
  prompts: Prompts;
  contexts: PromptContexts;
  store: Store;
}

@Resolver(() => Prompt)
export class PromptResolver {
  constructor(private readonly parts: PromptResolverParts) {}

  @Query(() => [Prompt], {
    description: 'The prompts that you may use, sorted by name. Does not call the gateway.',
  })
  prompts(@Ctx() context: RequestContext): Promise<Prompt[]> {
    return this.describe(this.parts.prompts.list(context.caller), context);
  }

  @Query(() => Prompt, {
    nullable: true,
    description: 'One prompt. PROMPT_NOT_FOUND if it is unknown or not for you. Does not call the gateway.',
  })
  async prompt(
    @Arg('name', () => ID, { description: 'Name of the prompt, e.g. `support-zh`.' }) name: string,
    @Ctx() context: RequestContext,
  ): Promise<Prompt | null> {
    const [prompt = null] = await this.describe([this.parts.prompts.find(name, context.caller)], context);
    return prompt;
  }

  private async describe(prompts: PromptDefinition[], request: RequestContext): Promise<Prompt[]> {
    const { store, contexts } = this.parts;
    const usage = await store.usage(promptUsageScope(request.caller.id), 0, request.now());
    return Promise.all(
      prompts.map(async (prompt) => {
        const { name, title, description, version, context } = prompt;
        const totals = toContextTotals(usage.find((sum) => sum.name === name) ?? ZERO_TOTALS);
        const cache = await contexts.state(prompt, request);
        return { name, title, description, version, model: context.model, cache, totals };
      }),
    );
  }
}
