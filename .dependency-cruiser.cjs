/** Imports only point down: commands → roles → adapters → domain. */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'domain/ does no I/O and knows no library but time arithmetic',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: ['^src/domain/', '^node_modules/temporal-polyfill'] },
    },
    {
      name: 'adapters-stand-alone',
      comment: 'an adapter imports the domain, never another adapter',
      severity: 'error',
      from: { path: '^src/(kafka|postgres|mail|http)/' },
      to: { path: '^src/', pathNot: ['^src/domain/', '^src/support/', '^src/$1/'] },
    },
    {
      name: 'roles-do-not-import-up',
      severity: 'error',
      from: { path: '^src/roles/' },
      to: { path: '^src/(commands|stack|simulation|main)' },
    },
    {
      name: 'roles-stand-alone',
      comment: 'a role is a loop over the layers below, never over another role',
      severity: 'error',
      from: { path: '^src/roles/([^/]+)/' },
      to: { path: '^src/roles/', pathNot: '^src/roles/($1/|[^/]+\\.ts$)' },
    },
    {
      name: 'simulation-is-independent',
      comment: 'a truth that shares code with what it checks checks nothing',
      severity: 'error',
      from: { path: '^(src/simulation|test/oracle)/' },
      to: { path: '^src/(domain|postgres|roles|mail|http)/' },
    },
    {
      name: 'stack-stands-alone',
      severity: 'error',
      from: { path: '^src/stack/' },
      to: { path: '^src/', pathNot: ['^src/stack/', '^src/support/'] },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
};
