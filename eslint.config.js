import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'data/', 'docs/reference/', 'docs/how-to/notes/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.recommendedTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'array-callback-return': 'error',
      eqeqeq: 'error',
      'no-constructor-return': 'error',
      'no-control-regex': 'error',
      'no-debugger': 'error',
      'no-empty': 'error',
      'no-loss-of-precision': 'error',
      'no-new-func': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unreachable-loop': 'error',
      'no-unsafe-finally': 'error',
      'no-unsafe-optional-chaining': 'error',
      'no-useless-escape': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // An empty string in the environment is no value, and Passport's `false` is nobody.
      '@typescript-eslint/prefer-nullish-coalescing': [
        'error',
        { ignorePrimitives: { boolean: true, string: true } },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Static factories use no `this`: `rows.map(UserView.of)`.
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }],

      // Of the presets, what reads no better or proves nothing:
      '@typescript-eslint/dot-notation': 'off', // brackets say that a key may be missing
      '@typescript-eslint/no-base-to-string': 'off', // it fears every `unknown`
      '@typescript-eslint/no-empty-function': 'off', // doing nothing can be meant
      '@typescript-eslint/no-inferrable-types': 'off', // `: string` keeps a literal from being followed
      '@typescript-eslint/no-unnecessary-type-assertion': 'off', // it says what a driver gave
      '@typescript-eslint/no-unsafe-call': 'off', // it refuses `typeof f === 'function'`
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/prefer-optional-chain': 'off', // `!x || x.y !== z` says what it means
      '@typescript-eslint/require-await': 'off', // `async` also turns throwing into rejecting
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Tables: they grow by lines, not by complexity.
    files: ['src/catalogue/**', 'src/platform/config/concerns.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/platform/config/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Declare the setting in concerns.ts.' },
      ],
      'no-restricted-imports': [
        'error',
        { name: 'node:process', message: 'Use the global `process`, so that rules can see it.' },
        { name: 'process', message: 'Use the global `process`, so that rules can see it.' },
      ],
    },
  },
  {
    // Tests look into answers of any shape and compare methods without calling them.
    files: ['test/**/*.ts', 'src/**/*.spec.ts'],
    rules: {
      'no-template-curly-in-string': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Outside tsconfig.json; test/openapi has a compiler of its own.
    files: ['**/*.{js,cjs,mjs}', 'test/openapi/**'],
    extends: [tseslint.configs.disableTypeChecked],
  },
  prettier,
);
