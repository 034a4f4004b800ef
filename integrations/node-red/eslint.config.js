'use strict'

const js = require('@eslint/js')

const NODE = ['require', 'module', '__dirname', 'process', 'Buffer', 'setTimeout', 'clearTimeout', 'setImmediate']
const names = (list) => Object.fromEntries(list.map((name) => [name, 'readonly']))

module.exports = [
  js.configs.recommended,
  {
    // The functions of flows are parts of functions; they are tried in Node-RED itself.
    ignores: ['flows/**', 'node_modules/**']
  },
  {
    files: ['**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'commonjs', globals: names(NODE) },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }], 'prefer-const': 'error', eqeqeq: 'error' }
  }
]
