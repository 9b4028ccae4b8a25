import {
  type ArgumentNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import { IntrospectionSize } from './introspection-size.js';

/** What a selection asks for at most, whatever its variables say; fragments count wherever they are spread. */
export interface Cost {
  /** Fields below each other. */
  depth: number;
  /** Fields of the answer: those of a page count once for each entry that it may have. */
  fields: number;
  aliases: number;
  directives: number;
  /** How often one name is asked for side by side, in the selection where that is the most. */
  repeats: number;
  /** Calls to the gateway that cost money, of those fields that stand here and not deeper. */
  paidCalls: number;
}

/** By the name of a field that takes `first`: its default. */
export type PageSizes = ReadonlyMap<string, number>;

/** A call that the server's key pays for. */
const PAID_FIELDS: ReadonlySet<string> = new Set(['createContext', 'chat']);

/** The largest page that any field gives: what a variable may ask for. */
const LARGEST_PAGE = 100;

const NOTHING: Cost = { depth: 0, fields: 0, aliases: 0, directives: 0, repeats: 0, paidCalls: 0 };

const INTROSPECTION: ReadonlySet<string> = new Set([SchemaMetaFieldDef.name, TypeMetaFieldDef.name]);

/** Looks at each selection of the document once, however often fragments spread each other. */
export class DocumentCost {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly known = new Map<string, Cost>();

  private readonly introspection: IntrospectionSize;

  constructor(
    document: DocumentNode,
    schema: GraphQLSchema,
    private readonly pageSizes: PageSizes,
    /** Fields of introspection beyond these are not counted. */
    private readonly maxFields: number,
  ) {
    this.introspection = new IntrospectionSize(schema, this.fragments);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(definition.name.value, definition);
    }
  }

  of(definition: OperationDefinitionNode | FragmentDefinitionNode): Cost {
    const variables = definition.variableDefinitions ?? [];
    const directives = [definition, ...variables].reduce(
      (sum, node) => sum + (node.directives?.length ?? 0),
      0,
    );
    const cost = this.ofSelections(definition.selectionSet);
    return { ...cost, directives: cost.directives + directives };
  }

  private ofSelections(selectionSet: SelectionSetNode | undefined): Cost {
    const sum = { ...NOTHING };
    const named = new Map<string, number>();
    for (const selection of selectionSet?.selections ?? []) {
      const cost = this.ofSelection(selection);
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const count = (named.get(name) ?? 0) + 1;
        named.set(name, count);
        sum.repeats = Math.max(sum.repeats, count);
      }
      sum.repeats = Math.max(sum.repeats, cost.repeats);
      sum.depth = Math.max(sum.depth, cost.depth);
      sum.fields += cost.fields;
      sum.aliases += cost.aliases;
      sum.directives += cost.directives + (selection.directives?.length ?? 0);
      sum.paidCalls += cost.paidCalls;
    }
    return sum;
  }

  private ofSelection(selection: SelectionNode): Cost {
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.ofSelections(selection.selectionSet);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.ofFragment(selection.name.value);
    const { name, alias, arguments: given, selectionSet } = selection;
    const below = this.ofSelections(selectionSet);
    const fields = INTROSPECTION.has(name.value)
      ? this.introspection.below(selection, this.maxFields)
      : below.fields * this.pageSize(name.value, given);
    return {
      depth: below.depth + 1,
      fields: fields + 1,
      aliases: below.aliases + (alias ? 1 : 0),
      directives: below.directives,
      repeats: below.repeats,
      paidCalls: PAID_FIELDS.has(name.value) ? 1 : 0,
    };
  }

  private ofFragment(name: string): Cost {
    const known = this.known.get(name);
    if (known) return known;
    // A fragment that spreads itself is refused by a rule of graphql-js; here it only has to end.
    this.known.set(name, NOTHING);
    const fragment = this.fragments.get(name);
    const cost = fragment ? this.of(fragment) : NOTHING;
    this.known.set(name, cost);
    return cost;
  }

  private pageSize(field: string, given: readonly ArgumentNode[] | undefined): number {
    const fallback = this.pageSizes.get(field);
    if (fallback === undefined) return 1;
    const first = given?.find(({ name }) => name.value === 'first')?.value;
    if (!first) return fallback;
    return first.kind === Kind.INT ? Math.max(1, Number(first.value)) : LARGEST_PAGE;
  }
}
