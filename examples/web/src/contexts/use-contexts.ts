import {
  ContextDocument,
  type ContextMode,
  ContextsDocument,
  type ContextsQuery,
  ForgetContextDocument,
} from 'graphql-context-cache-client';
import { useCallback, useEffect, useState } from 'react';
import { useSession } from '../access/session';
import { type Problem, toProblem } from '../problems/problem';

export type Context = ContextsQuery['contexts']['edges'][number]['node'];

/** What a conversation needs to know of its context, and to create it again. */
export interface ContextTarget {
  id: string;
  model: string;
  mode: ContextMode | null;
  ttl: number | null;
  /** Known only on the page that created it, because the server never returns it. */
  persona: string | null;
}

export type Contexts = ReturnType<typeof useContexts>;

const PAGE = 10;

/** The caller's contexts, newest first, page by page. */
export function useContexts() {
  const { client } = useSession();
  const [items, setItems] = useState<readonly Context[]>([]);
  const [shown, setShown] = useState(PAGE);
  const [hasMore, setHasMore] = useState(false);
  const [isLoading, setLoading] = useState(true);
  const [problem, setProblem] = useState<Problem>();

  const load = useCallback(async () => {
    try {
      const { contexts } = await client.request(ContextsDocument, { first: shown });
      setItems(contexts.edges.map(({ node }) => node));
      setHasMore(contexts.pageInfo.hasNextPage);
      setProblem(undefined);
    } catch (error) {
      setProblem(toProblem(error));
    }
    setLoading(false);
  }, [client, shown]);
  useEffect(() => void load(), [load]);

  return {
    items,
    isLoading,
    problem,
    /** A page of the server holds a hundred at most. */
    hasMore: hasMore && shown < 100,
    loadMore: () => setShown(Math.min(shown + PAGE, 100)),
    reload: useCallback(() => void load(), [load]),
    async forget(id: string): Promise<Problem | undefined> {
      try {
        await client.request(ForgetContextDocument, { id });
      } catch (error) {
        return toProblem(error);
      }
      await load();
      return undefined;
    },
  };
}

/** When the context of a conversation expires, asked anew after each answer; `isGone` if the server does not know it any more. */
export function useExpiry(id: string | undefined, answers: number) {
  const { client } = useSession();
  const [state, setState] = useState<{ id?: string; expiresAt?: string | null; isGone: boolean }>({
    isGone: false,
  });
  // Each answer restarts the ttl.
  useEffect(() => {
    if (id === undefined) return;
    const controller = new AbortController();
    client.request(ContextDocument, { id }, controller).then(
      ({ context }) => setState({ id, expiresAt: context?.expiresAt ?? null, isGone: context === null }),
      (error) => {
        if (toProblem(error).code === 'CONTEXT_NOT_FOUND') setState({ id, isGone: true });
      },
    );
    return () => controller.abort();
  }, [client, id, answers]);
  return state.id === id ? state : { isGone: false };
}
