import { useCallback, useEffect, useState } from 'react';
import { useClient } from 'urql';
import { type ContextFieldsFragment, ContextsDocument, ForgetContextDocument } from '../graphql/generated';
import { type Problem, toProblem } from '../graphql/problem';

export interface Context extends ContextFieldsFragment {
  /** Known for those that this page created: the server never gives it back. */
  persona?: string;
  /** Whether an equal one was there already when it was asked for. */
  reused?: boolean;
}

export type Contexts = ReturnType<typeof useContexts>;

const PAGE = 10;

/** The caller's contexts, newest first, page by page. */
export function useContexts() {
  const client = useClient();
  const [items, setItems] = useState<Context[]>([]);
  const [next, setNext] = useState<{ after: string | null; isThere: boolean }>({
    after: null,
    isThere: true,
  });
  const [isLoading, setLoading] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const load = useCallback(
    async (after: string | null) => {
      setLoading(true);
      const { data, error } = await client.query(ContextsDocument, { first: PAGE, after }).toPromise();
      setLoading(false);
      setProblem(error && toProblem(error));
      if (!data) return;
      const { edges, pageInfo } = data.contexts;
      setItems((known) =>
        merge(
          known,
          edges.map(({ node }) => node),
        ),
      );
      setNext({ after: pageInfo.endCursor ?? null, isThere: pageInfo.hasNextPage });
    },
    [client],
  );
  useEffect(() => void load(null), [load]);

  const update = useCallback((context: Context) => setItems((known) => merge(known, [context])), []);
  return {
    items,
    isLoading,
    problem,
    hasMore: next.isThere,
    loadMore: () => load(next.after),
    /** A new context, or an equal one that was there before, goes to the front. */
    add: (context: Context) => setItems((known) => [context, ...known.filter(({ id }) => id !== context.id)]),
    update,
    async forget(id: string): Promise<Problem | undefined> {
      const { error } = await client.mutation(ForgetContextDocument, { id }).toPromise();
      if (error) return toProblem(error);
      setItems((known) => known.filter((context) => context.id !== id));
      return undefined;
    },
  };
}

/** What came is newer than what is known; what is not known goes to the end. */
function merge(known: Context[], came: Context[]): Context[] {
  const byId = new Map(known.map((context) => [context.id, context]));
  for (const context of came) byId.set(context.id, { ...byId.get(context.id), ...context });
  return [...byId.values()];
}
