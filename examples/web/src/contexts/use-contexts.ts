import { useCallback, useEffect, useState } from 'react';
import { useClient } from 'urql';
import { type ContextFieldsFragment, ContextsDocument, ForgetContextDocument } from '../graphql/generated';
import { type Problem, toProblem } from '../graphql/problem';

export interface Context extends ContextFieldsFragment {
  /** Known only for contexts created on this page, because the server never returns it. */
  persona?: string;
  /** Whether an equal context already existed. */
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
    /** Adds a new or reused context to the front. */
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

/** Updates known contexts and appends new ones. */
function merge(known: Context[], came: Context[]): Context[] {
  const byId = new Map(known.map((context) => [context.id, context]));
  for (const context of came) byId.set(context.id, { ...byId.get(context.id), ...context });
  return [...byId.values()];
}
