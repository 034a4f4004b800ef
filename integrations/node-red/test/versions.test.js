'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Versions } = require('../lib/versions')

const after = (wanted, ...attempts) => {
  const versions = new Versions(wanted)
  for (const attempt of attempts) attempt === 'worked' ? versions.worked() : versions.failed(attempt)
  return versions.current
}

test('5 first, then 3.1.1, then 5 again', () => {
  assert.equal(after('auto'), 5)
  assert.equal(after('auto', { reached: true, code: 1 }), 4)
  assert.equal(after('auto', { reached: true, code: 0x84 }), 4)
  assert.equal(after('auto', { reached: true }), 4) // it hung up, as some old ones do
  assert.equal(after('auto', { reached: true, code: 'ECONNRESET' }), 4)
  assert.equal(after('auto', { reached: true }, { reached: true }), 5)
})

test('nobody there, or a wrong password, says nothing about the version', () => {
  assert.equal(after('auto', { reached: false }), 5)
  assert.equal(after('auto', { reached: true, code: 0x86 }), 5)
  assert.equal(after('auto', { reached: false, code: 'ECONNREFUSED' }), 5)
})

test('what has worked is kept, and so is what was asked for', () => {
  assert.equal(after('auto', 'worked', { reached: true }), 5)
  assert.equal(after('auto', { reached: true }, 'worked', { reached: true }), 4)
  assert.equal(after('5', { reached: true, code: 1 }), 5)
  assert.equal(after('4', { reached: true }), 4)
})
