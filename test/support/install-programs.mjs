// Jest requires a `.ts` file without compiling it.
export { default } from './programs.js';
