export type * from './errors.js';
export * from './operations.js';
