import type { BrowserDocument, BrowserStorage, PageElement } from './browser.js';

declare const localStorage: BrowserStorage;
declare const document: BrowserDocument;
declare const location: { pathname: string; assign(url: string): void };

/** A menu of the operations that were run last; each opens in a tab again. The GraphiQL of this page has no history of its own. */
export function keepHistory(): void {
  interface Entry {
    title: string;
    query: string;
    variables: string;
  }
  const key = 'context-cache:history';
  const most = 20;
  const maxLength = 50_000;
  const read = (): Entry[] => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? '[]');
    } catch {
      return [];
    }
  };
  const option = (text: string, value: string): PageElement => {
    const element = document.createElement('option');
    element.textContent = text;
    element.value = value;
    return element;
  };
  const menu = document.createElement('select');
  const show = () => {
    const entries = read().map(({ title, variables }, index) =>
      option(`${title} ${variables.replaceAll(/\s+/g, ' ').slice(0, 60)}`, String(index)),
    );
    menu.replaceChildren(option('History', ''), ...entries);
  };
  const open = () => {
    const entry = read()[Number(menu.value)];
    if (!entry) return;
    // The next page opens it: this one may yet store its own tabs.
    localStorage.setItem('context-cache:chosen', JSON.stringify(entry));
    location.assign(`${location.pathname}?query=${encodeURIComponent(entry.query)}`);
  };
  document.addEventListener('DOMContentLoaded', () => {
    menu.id = 'history';
    menu.setAttribute('aria-label', 'History');
    menu.addEventListener('change', open);
    show();
    document.body.append(menu);
  });

  const note = (body: unknown) => {
    const { query = '', variables = {}, operationName } = JSON.parse(String(body));
    if (operationName === 'IntrospectionQuery' || String(body).length > maxLength) return;
    const [, title = 'Query'] = /^\s*\w+ (\w+)/m.exec(query) ?? [];
    const entry = { title, query, variables: JSON.stringify(variables, null, 2) };
    const others = read().filter((one) => one.query !== entry.query || one.variables !== entry.variables);
    localStorage.setItem(key, JSON.stringify([entry, ...others].slice(0, most)));
    show();
  };
  const original = globalThis.fetch;
  globalThis.fetch = (...request) => {
    try {
      note(request[1]?.body);
    } catch {
      // It is no operation, or the storage is full.
    }
    return original(...request);
  };
}
