import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';

/**
 * Counts the fields of an introspection result. Its lists are not paged and types lead back to types through their fields, so a short
 * query can ask for a huge result. The query is therefore executed on the schema, and stopped at the limit.
 */
export class IntrospectionSize {
  private left = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ) {}

  /** The number of fields below `__schema` or `__type`; slightly above `limit` if there are more. */
  below(field: FieldNode, limit: number): number {
    this.left = limit;
    for (const [type, source] of this.rootsOf(field)) this.visit(field.selectionSet, type, source, new Set());
    return limit - this.left;
  }

  /** A type that a variable names may be any type of the schema. */
  private rootsOf({ name, arguments: args = [] }: FieldNode): [GraphQLNamedType, unknown][] {
    if (name.value === SchemaMetaFieldDef.name) {
      return [[getNamedType(SchemaMetaFieldDef.type), this.schema]];
    }
    const [of] = args.map(({ value }) => value);
    const types =
      of?.kind === Kind.STRING ? [this.schema.getType(of.value)] : Object.values(this.schema.getTypeMap());
    return types.map((type) => [getNamedType(TypeMetaFieldDef.type), type]);
  }

  /** `spread`: the fragments around this selection, which are not entered again. */
  private visit(
    selectionSet: SelectionSetNode | undefined,
    type: GraphQLNamedType,
    source: unknown,
    spread: ReadonlySet<string>,
  ): void {
    if (source === null || source === undefined || !isObjectType(type)) return;
    for (const selection of selectionSet?.selections ?? []) {
      if (this.left < 0) return;
      if (selection.kind === Kind.INLINE_FRAGMENT) this.visit(selection.selectionSet, type, source, spread);
      else if (selection.kind === Kind.FIELD) this.visitField(selection, type, source);
      else if (!spread.has(selection.name.value)) {
        // Otherwise fragments that only spread others would be visited for free.
        this.left -= 1;
        const within = new Set(spread).add(selection.name.value);
        this.visit(this.fragments.get(selection.name.value)?.selectionSet, type, source, within);
      }
    }
  }

  private visitField(node: FieldNode, type: GraphQLObjectType, source: unknown): void {
    this.left -= 1;
    const field = type.getFields()[node.name.value];
    if (!field || !node.selectionSet) return;
    const info = { schema: this.schema } as GraphQLResolveInfo;
    const found: unknown = field.resolve?.(source, { includeDeprecated: true }, undefined, info);
    const items: unknown[] = Array.isArray(found) ? found : [found];
    for (const item of items) this.visit(node.selectionSet, getNamedType(field.type), item, new Set());
  }
}
