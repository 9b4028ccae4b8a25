/**
 * Types of what the scripts use that run in the page before GraphiQL. Each of their functions is sent as its source text, so it must
 * not reference anything outside of itself. The rest of the server must not use the browser's types, so they are not global.
 */
export interface BrowserStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export interface BrowserDocument {
  body: { append(element: PageElement): void };
  createElement(name: string): PageElement;
  addEventListener(type: string, listener: () => void): void;
}

export interface PageElement {
  id: string;
  value: string;
  textContent: string;
  replaceChildren(...elements: PageElement[]): void;
  setAttribute(name: string, value: string): void;
  addEventListener(type: string, listener: () => void): void;
}

/** GraphiQL leaves its editor, Monaco, in a global. */
export interface Monaco {
  editor: { getModels(): EditorModel[] };
}

export interface EditorModel {
  uri: { path: string };
  getValue(): string;
  setValue(text: string): void;
  onDidChangeContent(listener: () => void): void;
}
