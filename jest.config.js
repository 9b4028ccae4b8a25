export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': '@swc/jest' },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^graphql-context-cache/client$': '<rootDir>/src/client/index.ts',
  },
  setupFiles: ['reflect-metadata', '<rootDir>/test/support/seed.ts'],
  globalSetup: '<rootDir>/test/support/programs.ts',
  // One more than the cores of a small machine: tests of time-outs and of other processes mostly wait.
  maxWorkers: 3,
  // A test that waits this long has failed; a busy machine has not.
  testTimeout: 30_000,
};
