/** Names and values, or a function that returns them for each request or connection, e.g. with a fresh token. */
export type HeadersOption =
  | Record<string, string>
  | (() => Record<string, string> | Promise<Record<string, string>>);

/** With names in lower case, as the server expects those of a WebSocket. */
export async function headersOf(option: HeadersOption = {}): Promise<Record<string, string>> {
  const headers = typeof option === 'function' ? await option() : option;
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
