/** Types for the files of packages that are imported past the package's index, which would load all that it has. */

declare module 'class-validator/cjs/*' {
  export * from 'class-validator';
}
