/**
 * Scripts that run in the page before GraphiQL. Each function is sent as its source text, so it must not reference anything
 * outside of itself. The browser's types are declared here because the rest of the server must not use them.
 */
declare const localStorage: {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};
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
    const isEdited = (tab: Tab) =>
      !unedited.some(({ query, variables }) => query === tab.query && variables === tab.variables);
    state.tabs = [...examples.map(toTab), ...state.tabs.filter(isEdited)];
    state.activeTabIndex = 0;
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

/**
 * GraphiQL shows only the latest event of a stream, which would in the end be the usage. This adds the text so far to each
 * event, under a name that says that the server did not send it.
 */
export function showTextSoFar(): void {
  const original = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await original(...request);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (!isStream || !response.body) return response;
    const texts: string[] = [];
    let unfinished = '';
    const withText = (event: string) => {
      const [, json] = /^event: next\ndata: (.*)$/.exec(event) ?? [];
      if (json === undefined) return event;
      const result = JSON.parse(json);
      for (const field of Object.values<{ index?: number; content?: unknown } | null>(result.data ?? {})) {
        if (typeof field?.content !== 'string') continue;
        const index = field.index ?? 0;
        texts[index] = (texts[index] ?? '') + field.content;
      }
      const textSoFar = texts.length > 1 ? texts : texts[0];
      if (!textSoFar) return event;
      const extensions = { ...result.extensions, addedByPlayground: { textSoFar } };
      return `event: next\ndata: ${JSON.stringify({ ...result, extensions })}`;
    };
    const adding = new TransformStream<string, string>({
      transform(chunk, controller) {
        const events = (unfinished + chunk).split('\n\n');
        unfinished = events.pop() ?? '';
        for (const event of events) controller.enqueue(`${withText(event)}\n\n`);
      },
      flush(controller) {
        controller.enqueue(unfinished);
      },
    });
    const body = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(adding)
      .pipeThrough(new TextEncoderStream());
    return new Response(body, response);
  };
}
