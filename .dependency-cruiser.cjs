/** The layers of `src`, top to bottom: nothing imports from a higher layer, and there are no cycles. */
const floors = [
  ['main', 'cli'],
  ['app', 'services'],
  ['pages'],
  ['transports'],
  ['operations', 'schema'],
  ['chat'],
  ['prompts'],
  ['contexts', 'models'],
  ['coordination', 'sandbox'],
  ['limits', 'pricing'],
  ['request-context'],
  ['telemetry'],
  ['auth'],
  ['gateway'],
  ['store', 'input', 'config'],
  ['util'],
  ['errors'],
];
const below = (from) => floors.slice(0, from).flat();
const room = (names) => `^src/(${names.join('|')})(/|\\.ts$)`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    ...floors.slice(1).map((names, index) => ({
      name: `nothing-upward-from-${names[0]}`,
      severity: 'error',
      from: { path: room(names) },
      to: { path: room(below(index + 1)) },
    })),
    {
      name: 'every-room-has-a-floor',
      severity: 'error',
      from: { path: '^src/', pathNot: room(floors.flat()) },
      to: {},
    },
    {
      name: 'gateway-knows-no-graphql-classes',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: 'type-graphql' },
    },
    {
      name: 'carrying-knows-no-api',
      severity: 'error',
      from: { path: '^src/gateway/(http|errors)/' },
      to: { path: '^src/gateway/(context-api/|data-source)' },
    },
    {
      name: 'errors-know-no-carrier',
      severity: 'error',
      from: { path: '^src/gateway/errors/' },
      to: { path: '^src/gateway/http/' },
    },
    {
      name: 'store-knows-no-gateway',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/gateway/' },
    },
    {
      name: 'sandbox-shares-no-code-with-what-it-stands-in-for',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/(?!sandbox/)' },
    },
    {
      name: 'the-client-runs-in-browsers',
      severity: 'error',
      from: { path: '^client/src/' },
      to: {
        path: '^src/|node_modules/|^node:',
        pathNot: 'node_modules/(@graphql-typed-document-node/core/typings|react|@types/react)/',
      },
    },
    { name: 'only-what-is-installed', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'only-packages-that-are-named',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      mainFields: ['module', 'main', 'typings'],
    },
  },
};
