'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Ranges, ReadingOrder } = require('../lib/order')

let clock = 0
const live = (run, seq, more) => ({ run, seq, unix_time_second: ++clock, is_historical: false, ...more })
const late = (run, seq) => ({ run, seq, unix_time_second: 0, is_historical: true })
const gaps = (order, reading) => order.take(reading).gaps.map(({ run, first, last }) => [run, first, last])

test('what was before the first live reading is no gap', () => {
  const order = new ReadingOrder()
  assert.deepEqual(order.take(live(3, 50)), { isNew: true, gaps: [] })
  assert.deepEqual(order.take(live(3, 51)), { isNew: true, gaps: [] })
})

test('a gap is told once, and may be filled later', () => {
  const order = new ReadingOrder()
  order.take(live(1, 1))
  assert.deepEqual(gaps(order, live(1, 5)), [[1, 2, 4]])
  assert.deepEqual(gaps(order, live(1, 6)), [])
  assert.deepEqual([2, 3, 4].map((seq) => order.take(late(1, seq)).isNew), [true, true, true])
  assert.equal(order.take(late(1, 3)).isNew, false)
})

test('historical readings that came before are not missing', () => {
  const order = new ReadingOrder()
  order.take(live(1, 1))
  order.take(late(1, 2))
  order.take(late(1, 4))
  assert.deepEqual(gaps(order, live(1, 6)), [[1, 3, 3], [1, 5, 5]])
})

test('a new run says which reading was the last one', () => {
  const order = new ReadingOrder()
  order.take(live(1, 8))
  assert.deepEqual(gaps(order, live(2, 1, { previous: { run: 1, seq: 10 } })), [[1, 9, 10]])
  assert.deepEqual(gaps(order, live(2, 2)), [])
})

test('a run of which nothing is known but its second reading lacks the first', () => {
  const order = new ReadingOrder()
  order.take(live(1, 8))
  assert.deepEqual(gaps(order, live(2, 3)), [[2, 1, 2]])
})

test('doubles are dropped, live ones too', () => {
  const order = new ReadingOrder()
  const reading = live(1, 7)
  assert.equal(order.take(reading).isNew, true)
  assert.equal(order.take(reading).isNew, false)
  assert.equal(order.take({ ...reading, is_historical: true }).isNew, false)
})

test('numbers that begin anew, as with an empty data folder, are no doubles', () => {
  const order = new ReadingOrder()
  for (const seq of [1, 2, 3]) order.take(live(1, seq))
  assert.deepEqual(order.take(live(1, 1)), { isNew: true, gaps: [] })
  assert.deepEqual(order.take(live(1, 2)), { isNew: true, gaps: [] })
  assert.deepEqual(gaps(order, live(1, 4)), [[1, 3, 3]])
})

test('runs beyond the last sixteen are forgotten', () => {
  const order = new ReadingOrder()
  for (let run = 1; run <= 20; run++) order.take(live(run, 1))
  assert.equal(order.take(late(1, 1)).isNew, true) // not known any more
  assert.equal(order.take(late(20, 1)).isNew, false)
})

test('ranges are what a set of the same numbers is', () => {
  // A generator with a fixed seed, so that a failure comes again.
  let seed = 7
  const random = (below) => { seed = (seed * 1103515245 + 12345) % 2 ** 31; return seed % below }
  for (let round = 0; round < 200; round++) {
    const ranges = new Ranges()
    const set = new Set()
    for (let step = 0; step < 30; step++) {
      const number = 1 + random(25)
      assert.equal(ranges.add(number), !set.has(number))
      set.add(number)
    }
    const missing = ranges.missing(1, 25).flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at))
    assert.deepEqual(missing, Array.from({ length: 25 }, (_, at) => at + 1).filter((each) => !set.has(each)))
  }
})
