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

/** The most that a selection can ask for, whatever its variables are; a fragment counts each time it is spread. */
export interface Cost {
  /** Nested fields. */
  depth: number;
  /** Fields of the result: those of a page count once for each entry it may have. */
  fields: number;
  aliases: number;
  directives: number;
  /** The most often that one selection set repeats a name. */
  repeats: number;
  /** Billed gateway calls among the fields of this selection set, nested ones excluded. */
  paidCalls: number;
}

/** The default of `first`, or the most items of a list without it, by the name of the field. */
export type PageSizes = ReadonlyMap<string, number>;

/** Each is a billed call to the gateway. */
const PAID_FIELDS: ReadonlySet<string> = new Set(['createContext', 'chat']);

/** The largest page of any field, which a variable may ask for. */
const LARGEST_PAGE = 100;

const NOTHING: Cost = { depth: 0, fields: 0, aliases: 0, directives: 0, repeats: 0, paidCalls: 0 };

const INTROSPECTION: ReadonlySet<string> = new Set([SchemaMetaFieldDef.name, TypeMetaFieldDef.name]);

/** Visits each selection of the document once, however often fragments spread each other. */
export class DocumentCost {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly known = new Map<string, Cost>();
  private readonly introspection: IntrospectionSize;

  constructor(
    document: DocumentNode,
    schema: GraphQLSchema,
    private readonly pageSizes: PageSizes,
    /** Counting of introspection fields stops here. */
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
    // graphql-js refuses a fragment that spreads itself; here the recursion only has to end.
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
