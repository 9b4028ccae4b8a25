import { Field, ID, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A model that the gateway offers to this caller.' })
export class Model {
  @Field(() => ID, { description: 'What `createContext` and `chat` name it by, e.g. `Doubao-1.5-pro-32k`.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Who offers it; null where the gateway did not say.' })
  ownedBy!: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'When it was added; null where the gateway did not say.',
  })
  created!: Date | null;

  @Field(() => [String], { description: 'The interfaces it can be called by, e.g. `openai`; may be empty.' })
  supportedEndpointTypes!: string[];

  @Field(() => Boolean, { description: 'Whether context caching is documented for it.' })
  supportsContextCache!: boolean;
}
