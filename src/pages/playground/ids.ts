import type { BrowserStorage, EditorModel, Monaco } from './browser.js';

declare const localStorage: BrowserStorage;
declare const __MONACO: Monaco | undefined;

/**
 * Writes the id that `createContext` gave, and that of a run, into the variables of the next tabs, in place of the examples' texts that
 * say where they come from. Variables that a person has changed stay as they are.
 */
export function fillIds(): void {
  const key = 'context-cache:ids';
  const sources = [
    {
      name: 'contextId',
      text: 'paste the id that createContext gave',
      pattern: /"createContext":\{[^{}]*?"id":"([^"]+)"/,
    },
    {
      name: 'runId',
      text: 'paste the runId of a chatStream with onDisconnect CONTINUE',
      pattern: /"runId":"([^"]+)"/,
    },
  ];
  /** The ids by name, and what each text that was filled in was before. */
  const kept: { ids: Record<string, string>; filled: Record<string, string> } = { ids: {}, filled: {} };
  try {
    Object.assign(kept, JSON.parse(localStorage.getItem(key) ?? '{}'));
  } catch {
    // Somebody else wrote it.
  }

  const fill = (model: EditorModel) => {
    const shown = model.getValue();
    const template = kept.filled[shown] ?? shown;
    let text = template;
    for (const source of sources) {
      const id = kept.ids[source.name];
      if (id !== undefined) text = text.replace(source.text, () => id);
    }
    if (text === shown) return;
    kept.filled = { ...kept.filled, [text]: template };
    localStorage.setItem(key, JSON.stringify(kept));
    model.setValue(text);
  };
  let variables: EditorModel | undefined;
  const looking = setInterval(() => {
    variables = typeof __MONACO === 'undefined' ? undefined : __MONACO.editor.getModels().find(isVariables);
    if (!variables) return;
    clearInterval(looking);
    const found = variables;
    // GraphiQL shows another tab in the same editor.
    found.onDidChangeContent(() => setTimeout(() => fill(found)));
    fill(found);
  }, 100);
  const isVariables = ({ uri }: EditorModel) => uri.path.endsWith('variables.json');

  const note = async (response: Response) => {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      text += part.value;
      const found = sources.find(({ pattern }) => pattern.test(text));
      if (!found) continue;
      kept.ids[found.name] = found.pattern.exec(text)?.[1] ?? '';
      localStorage.setItem(key, JSON.stringify(kept));
      if (variables) fill(variables);
      await reader?.cancel();
      return;
    }
  };
  const original = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await original(...request);
    if (/createContext|chatStream/.test(String(request[1]?.body)))
      note(response.clone()).catch(() => undefined);
    return response;
  };
}
