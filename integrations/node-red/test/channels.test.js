'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { parseChannels, single, several, count, includes, overlap } = require('../lib/channels')
const { Mistake } = require('../lib/mistake')

test('channels are numbers, lists, ranges or all', () => {
  assert.deepEqual(parseChannels(5), [{ from: 5, to: 5 }])
  assert.deepEqual(parseChannels(' 1-16, 33 '), [{ from: 1, to: 16 }, { from: 33, to: 33 }])
  assert.deepEqual(parseChannels(['2', 7]), [{ from: 2, to: 2 }, { from: 7, to: 7 }])
  assert.equal(parseChannels('all'), 'all')
})

for (const value of [0, -1, 1.5, 70000, '', 'x', '3-1', '1-2-3', '1,,2', [], [0], ['1-2'], null, undefined, true, {}, NaN]) {
  test(`${JSON.stringify(value)} are no channels`, () => {
    assert.throws(() => parseChannels(value, 'channel'), (error) => error instanceof Mistake && error.field === 'channel')
  })
}

test('one alone is a channel, and a list of one is a list', () => {
  assert.equal(single('5'), 5)
  assert.equal(single(5), 5)
  assert.equal(single([5]), undefined)
  assert.equal(single('1-2'), undefined)
  assert.deepEqual(several([5, '6']), [5, 6])
  assert.equal(several('1-2, 5'), '1-2,5')
})

test('they are counted, looked for and compared', () => {
  const some = parseChannels('1-4,9')
  assert.equal(count(some), 5)
  assert.equal(count('all'), 128)
  assert.deepEqual([4, 5, 9].map((channel) => includes(some, channel)), [true, false, true])
  assert.equal(includes('all', 77), true)
  assert.equal(overlap(some, parseChannels('5-8')), false)
  assert.equal(overlap(some, parseChannels('8-10')), true)
  assert.equal(overlap(some, 'all'), true)
})
