import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

const MESSAGE = 'The root of a subscription takes no @skip and no @include.';

/**
 * Refuses @skip and @include at the root of a subscription, because a skipped root field leaves no event source. Required by the GraphQL
 * specification (September 2025, section 5.2.4.1, CollectSubscriptionFields); graphql-js 16 does not check it.
 */
export function SubscriptionRootRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition({ operation, selectionSet }) {
      if (operation !== OperationTypeNode.SUBSCRIPTION) return;
      const nodes = [...rootSelections(selectionSet, context, new Set())].filter(isConditional);
      if (nodes.length > 0) context.reportError(new GraphQLError(MESSAGE, { nodes }));
    },
  };
}

/** The root's selections, including those inside fragments. */
function* rootSelections(
  { selections }: SelectionSetNode,
  context: ValidationContext,
  visited: Set<FragmentDefinitionNode>,
): Generator<SelectionNode> {
  for (const selection of selections) {
    yield selection;
    if (selection.kind === Kind.INLINE_FRAGMENT)
      yield* rootSelections(selection.selectionSet, context, visited);
    if (selection.kind !== Kind.FRAGMENT_SPREAD) continue;
    const fragment = context.getFragment(selection.name.value);
    if (!fragment || visited.has(fragment)) continue;
    visited.add(fragment);
    yield* rootSelections(fragment.selectionSet, context, visited);
  }
}

function isConditional({ directives = [] }: SelectionNode): boolean {
  return directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
}
