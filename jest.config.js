export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Its files share the modules of their worker. Jest's own runner loads them anew for each file, which took a fifth of the suite's time.
  runner: 'jest-light-runner',
  // `test/support/typescript.mjs` compiles.
  transform: {},
  setupFiles: ['reflect-metadata', '<rootDir>/test/support/fetch.mjs', '<rootDir>/test/support/seed.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/timeouts.mjs'],
  globalSetup: '<rootDir>/test/support/install-programs.mjs',
  // Two more than the cores of a small machine: tests of browsers, timeouts and other processes mostly wait.
  maxWorkers: 4,
};
