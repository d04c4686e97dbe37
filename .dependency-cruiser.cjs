/**
 * The walls of the house, checked by `npm run boundaries` and by a test.
 * Direction: app → features → platform → catalogue, never upward.
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'features-form-a-dag',
      comment: 'Two feature folders must not need each other, not even through different files.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/features/' },
      to: { circular: true },
    },
    {
      name: 'catalogue-imports-nothing',
      severity: 'error',
      from: { path: '^src/catalogue/' },
      to: { pathNot: '^src/catalogue/' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(features/|cli/|[^/]+\\.ts$)' },
    },
    {
      name: 'nobody-imports-the-app',
      severity: 'error',
      from: { path: '^src/(features|platform|catalogue)/' },
      to: { path: '^src/(cli/|[^/]+\\.ts$)' },
    },
    {
      name: 'features-meet-at-their-index',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: ['^src/features/$1/', '/index\\.ts$'] },
    },
    {
      name: 'app-uses-the-index-of-features',
      severity: 'error',
      from: { path: '^src/(cli/|[^/]+\\.ts$)' },
      to: { path: '^src/features/', pathNot: '/index\\.ts$' },
    },
    {
      name: 'audit-imports-no-feature',
      severity: 'error',
      from: { path: '^src/features/audit/' },
      to: { path: '^src/features/', pathNot: '^src/features/audit/' },
    },
    {
      name: 'controllers-touch-no-storage',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '(\\.repository|\\.entity)\\.ts$|^src/platform/database/|typeorm' },
    },
    {
      name: 'typeorm-only-where-data-lives',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['(\\.repository|\\.entity|\\.module)\\.ts$', '^src/platform/(database|queue)/'],
      },
      to: { path: 'node_modules/(typeorm|@nestjs/typeorm|pg)/' },
    },
    {
      name: 'no-shared-drawer',
      comment: 'Name a folder or file for what it does.',
      severity: 'error',
      from: {},
      to: {
        path: '(/|[.]|-)(common|shared|util|utils|helper|helpers|misc)(/|[.]|-)',
        pathNot: 'node_modules',
      },
    },
    {
      name: 'dependencies-are-declared',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'types'],
    },
    extraExtensionsToScan: [],
  },
};
