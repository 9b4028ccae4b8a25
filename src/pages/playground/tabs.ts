import type { BrowserStorage } from './browser.js';

declare const localStorage: BrowserStorage;
declare const location: { href: string; pathname: string };
declare const history: { replaceState(data: unknown, title: string, url: string): void };

export interface ExampleTab {
  title: string;
  query: string;
  variables: string;
}

/**
 * Opens the examples on the first visit, and again when a newer server has others; tabs that a visitor has edited stay. GraphiQL
 * finds the active tab by its query and variables, which it stores separately, and opens another tab if they match none.
 */
export function keepTabs(examples: ExampleTab[]): void {
  interface Tab {
    title: string;
    query: string | null;
    variables: string | null;
  }
  const stored = (key: string) => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? 'null');
    } catch {
      return null;
    }
  };
  const toTab = (example: ExampleTab, index: number) => ({
    ...example,
    id: `example-${index}`,
    operationName: example.title,
    hash: null,
    headers: null,
    response: null,
  });
  const shownBefore: ExampleTab[] = stored('context-cache:examples') ?? [];
  const state: { activeTabIndex: number; tabs: Tab[] } = stored('graphiql:tabState') ?? { tabs: [] };
  const areNew = JSON.stringify(shownBefore) !== JSON.stringify(examples) || state.tabs.length === 0;
  if (areNew) {
    const unedited = [...shownBefore, ...examples];
    const { filled = {} } = stored('context-cache:ids') ?? {};
    const isEdited = (tab: Tab) =>
      !unedited.some(
        ({ query, variables }) =>
          query === tab.query && variables === (filled[tab.variables ?? ''] ?? tab.variables),
      );
    state.tabs = [...examples.map(toTab), ...state.tabs.filter(isEdited)];
    state.activeTabIndex = 0;
  }

  const chosen: ExampleTab | null = stored('context-cache:chosen');
  if (chosen) {
    state.activeTabIndex = state.tabs.push({ ...toTab(chosen, 0), id: `history-${Date.now()}` } as Tab) - 1;
    localStorage.setItem('context-cache:chosen', 'null');
  }

  // GraphiQL writes the edited query into the URL, and opens the query that it finds there.
  let asked = new URL(location.href).searchParams.get('query');
  if (areNew && shownBefore.some(({ query }) => query === asked)) {
    history.replaceState(null, '', location.pathname);
    asked = null;
  }
  const active = state.tabs[state.activeTabIndex];
  const [visit] = performance.getEntriesByType('navigation') as { type?: string }[];
  let variables = active?.variables ?? '';
  if (asked !== null && active && asked !== active.query) {
    const found = state.tabs.findIndex(({ query }) => query === asked);
    if (found >= 0) {
      state.activeTabIndex = found;
      variables = state.tabs[found]?.variables ?? '';
    } else if (visit?.type === 'reload' && !areNew) {
      // The URL is newer: GraphiQL stores its tabs half a second after an edit.
      active.query = asked;
    } else {
      // The visitor followed a link; GraphiQL opens a tab for it.
      variables = '';
    }
  }
  localStorage.setItem('context-cache:examples', JSON.stringify(examples));
  localStorage.setItem('graphiql:tabState', JSON.stringify(state));
  localStorage.setItem('graphiql:query', asked ?? active?.query ?? '');
  localStorage.setItem('graphiql:variables', variables);
}
