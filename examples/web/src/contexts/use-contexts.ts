import {
  ContextDocument,
  ContextsDocument,
  type ContextsQuery,
  type CreateContextMutation,
  ForgetContextDocument,
} from 'graphql-context-cache-client';
import { useCallback, useEffect, useState } from 'react';
import { useSession } from '../session/session';
import { toError } from '../session/use-load';
import { useStored } from '../session/use-stored';
import type { Recipe } from './recipe';

export type Context = Omit<ContextsQuery['contexts']['edges'][number]['node'], 'lastUsedAt'> & {
  /** Whether an equal context already existed. */
  reused?: boolean;
};
export type Contexts = ReturnType<typeof useContexts>;
type Recipes = Readonly<Record<string, Recipe>>;

const PAGE = 10;
const NO_RECIPES: Recipes = {};
const UNUSED = { chats: 0, promptTokens: 0, cachedTokens: 0, cacheHitRate: null };

/** The caller's contexts, newest first, page by page, and what those of this tab were created from. */
export function useContexts() {
  const { client, report } = useSession();
  const [items, setItems] = useState<readonly Context[]>([]);
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [recipes, setRecipes] = useStored('recipes', NO_RECIPES);
  const [isLoading, setLoading] = useState(false);
  const [next, setNext] = useState<{ after: string | null; isThere: boolean }>(NO_MORE);

  const load = useCallback(
    async (after: string | null) => {
      setLoading(true);
      try {
        const { contexts } = await client.request(ContextsDocument, { first: PAGE, after });
        setItems((known) => contexts.edges.map(({ node }) => node).reduce(merge, known));
        setNext({ after: contexts.pageInfo.endCursor ?? null, isThere: contexts.pageInfo.hasNextPage });
        report('contexts', undefined);
      } catch (error) {
        report('contexts', { error: toError(error), retry: () => void load(after) });
      }
      setLoading(false);
    },
    [client, report],
  );
  useEffect(() => void load(null), [load]);

  const drop = useCallback((id: string) => {
    setItems((known) => known.filter((context) => context.id !== id));
    setGone((known) => new Set([...known, id]));
  }, []);
  /** Asks for its new expiry, or whether it is still there. The next question tells if this fails. */
  const refresh = useCallback(
    async (id: string) => {
      try {
        const { context } = await client.request(ContextDocument, { id });
        if (context) setItems((known) => merge(known, context));
      } catch (error) {
        if (toError(error).code === 'CONTEXT_NOT_FOUND') drop(id);
      }
    },
    [client, drop],
  );
  return {
    items,
    gone,
    isLoading,
    hasMore: next.isThere,
    loadMore: () => load(next.after),
    refresh,
    recipeOf: (id: string): Recipe | undefined => recipes[id],
    add(created: CreateContextMutation['createContext'], recipe: Recipe) {
      setItems((known) => merge(known, { totals: UNUSED, ...created }));
      setRecipes((known) => ({ ...known, [created.id]: recipe }));
    },
    async forget(id: string) {
      await client.request(ForgetContextDocument, { id });
      drop(id);
    },
  };
}

const NO_MORE = { after: null, isThere: false };

/** Adds a context or what is new of it; the newest come first. */
function merge(known: readonly Context[], came: Context): readonly Context[] {
  const old = known.find(({ id }) => id === came.id);
  const others = known.filter((context) => context !== old);
  return [...others, { ...old, ...came }].sort((one, other) => other.createdAt.localeCompare(one.createdAt));
}
