/**
 * Whether an input method (Chinese) takes the key, e.g. Enter, which accepts its suggestion. Safari ends the composition before it
 * reports that key: only the key code tells.
 */
export function isComposing({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229;
}
