/** Whether it is an origin as browsers send it. Those of apps, such as `capacitor://localhost` and `tauri://localhost`, are opaque to URL. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, host } = new URL(text);
  return origin === 'null' ? host !== '' && `${protocol}//${host}` === text : origin === text;
}
