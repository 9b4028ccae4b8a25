/** Types for the files of packages that are imported past the package's index, which would load all that it has. */

declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}

declare module 'undici/lib/core/errors.js' {
  export { errors as default } from 'undici';
}

declare module 'undici/lib/core/symbols.js' {
  const symbols: { readonly kParser: unique symbol; readonly kSocket: unique symbol };
  export default symbols;
}
