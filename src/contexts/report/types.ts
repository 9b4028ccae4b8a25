import { GraphQLSafeInt } from 'graphql-scalars';
import { Field, ID, ObjectType } from 'type-graphql';
import { MoneyReport } from '../../pricing/types.js';
import { ContextTotals } from '../types.js';

@ObjectType({ description: 'What caching has saved on one model.' })
export class ModelCacheReport {
  @Field(() => String, { description: 'The contexts’ model.' })
  model!: string;

  @Field(() => GraphQLSafeInt, { description: 'Contexts that you created or began to share.' })
  contexts!: number;

  @Field(() => ContextTotals, { description: 'Totals of your chats, also by prompt.' })
  totals!: ContextTotals;

  @Field(() => MoneyReport, {
    nullable: true,
    description: 'The same in money; null if nothing of it had a price.',
  })
  money!: MoneyReport | null;
}

@ObjectType({ description: 'What caching has saved on one prompt.' })
export class PromptCacheReport {
  @Field(() => ID, { description: 'Name of the prompt; it may be gone by now.' })
  prompt!: string;

  @Field(() => ContextTotals, { description: 'Totals of your chats by this name, over all versions.' })
  totals!: ContextTotals;

  @Field(() => MoneyReport, {
    nullable: true,
    description: 'The same in money; null if nothing of it had a price.',
  })
  money!: MoneyReport | null;
}

@ObjectType({
  description: 'What caching has saved you, including contexts that have expired or were forgotten.',
})
export class CacheReport {
  @Field(() => GraphQLSafeInt, { description: 'Contexts that you created or began to share.' })
  contexts!: number;

  @Field(() => ContextTotals, { description: 'Totals of your chats with them and with prompts.' })
  totals!: ContextTotals;

  @Field(() => [ModelCacheReport], { description: 'The same by model, sorted by name.' })
  byModel!: ModelCacheReport[];

  @Field(() => [PromptCacheReport], { description: 'The chats by prompt among them, sorted by name.' })
  byPrompt!: PromptCacheReport[];

  @Field(() => MoneyReport, {
    nullable: true,
    description: 'The same in money; null if nothing of it had a price.',
  })
  money!: MoneyReport | null;
}
