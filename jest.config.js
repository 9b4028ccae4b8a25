const TSX = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', tsx: true },
    transform: { react: { runtime: 'automatic' } },
  },
  module: { type: 'es6' },
};

export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': '@swc/jest', '\\.tsx$': ['@swc/jest', TSX] },
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^graphql-context-cache-client$': '<rootDir>/client/src/index.ts',
    '^graphql-context-cache-client/react$': '<rootDir>/client/src/react/index.ts',
  },
  setupFiles: ['reflect-metadata', '<rootDir>/test/support/seed.ts'],
  globalSetup: '<rootDir>/test/support/programs.ts',
  // One more than the cores of a small machine: tests of time-outs and of other processes mostly wait.
  maxWorkers: 3,
  // A worker keeps the modules of every file it has run; a large heap is slow to collect, and slow to free at its end.
  workerIdleMemoryLimit: '400MB',
  // A test that waits this long has failed; a busy machine has not.
  testTimeout: 30_000,
};
