'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Telemetry, filters, wanted } = require('../lib/telemetry')
const topics = require('../lib/topics')

function node (config) {
  const telemetry = new Telemetry(wanted(config))
  return (topic, value) => telemetry.take({ topic, source: topics.parse('r', topic), value })
}
const reading = (seq, more) => ({ run: 1, seq, unix_time_second: 100 + seq, is_historical: false, ...more })
const R5 = 'r/lab1/5/telemetry/reading'

test('it subscribes to what is wanted', () => {
  assert.deepEqual(filters('r', wanted({ cycler: 'lab1', reading: true, sweep: true })), ['r/lab1/+/telemetry/reading', 'r/lab1/telemetry/sweep'])
  assert.deepEqual(filters('r', wanted({ aux: true, event: true })), ['r/+/+/telemetry/aux', 'r/+/+/telemetry/event'])
})

test('settings that mean nothing are refused', () => {
  assert.throws(() => wanted({ reading: true, cycler: 'Lab 1' }), { field: 'cycler' })
  assert.throws(() => wanted({ reading: true, channels: 'x' }), { field: 'channels' })
  assert.throws(() => wanted({}), { field: 'kinds' })
})

test('live readings of the channels that are wanted, each once', () => {
  const take = node({ reading: true, channels: '5-6' })
  assert.equal(take(R5, reading(1)).value.seq, 1)
  assert.equal(take(R5, reading(1)).value, undefined)
  assert.equal(take('r/lab1/7/telemetry/reading', reading(1)).value, undefined)
  assert.equal(take(R5, reading(2, { is_historical: true })).value, undefined)
})

test('a gap is told, and what filled it before is known although it was not let through', () => {
  const take = node({ reading: true })
  take(R5, reading(1))
  take(R5, reading(2, { is_historical: true }))
  assert.deepEqual(take(R5, reading(4)).gaps, [{ run: 1, first: 3, last: 3 }])
})

test('historical ones alone, or both', () => {
  const [late, both] = [node({ reading: true, which: 'historical' }), node({ reading: true, which: 'both' })]
  const values = [reading(1), reading(2, { is_historical: true })]
  assert.deepEqual(values.map((value) => late(R5, value).value?.seq), [undefined, 2])
  assert.deepEqual(values.map((value) => both(R5, value).value?.seq), [1, 2])
})

test('events once each, by their id', () => {
  const take = node({ event: true })
  const event = { id: 'e1', kind: 'test_started' }
  assert.equal(take('r/lab1/5/telemetry/event', event).value, event)
  assert.equal(take('r/lab1/5/telemetry/event', event).value, undefined)
})

test('a sweep is cut to the channels that are wanted', () => {
  const take = node({ sweep: true, channels: '2,9' })
  const sweep = { run: 1, seq: 1, unix_time_second: 1, spread_second: 0.1, channel: [1, 2, 3], state: ['a', 'b', 'c'], voltage_volt: [1, 2, 3] }
  assert.deepEqual(take('r/lab1/telemetry/sweep', sweep).value,
    { run: 1, seq: 1, unix_time_second: 1, spread_second: 0.1, channel: [2], state: ['b'], voltage_volt: [2] })
  assert.equal(take('r/lab1/telemetry/sweep', sweep).value, undefined) // the same again
  assert.equal(take('r/lab2/telemetry/sweep', { ...sweep, channel: [1, 3, 4] }).value, undefined)
})

test('sweeps and auxiliary inputs are never historical', () => {
  const take = node({ sweep: true, aux: true, which: 'historical' })
  assert.equal(take('r/lab1/telemetry/sweep', { run: 1, seq: 1 }).value, undefined)
  assert.equal(take('r/lab1/5/telemetry/aux', { run: 1, unix_time_second: 1 }).value, undefined)
})

test('what is no value of ours is left alone', () => {
  const take = node({ reading: true, sweep: true, aux: true, event: true })
  for (const value of [undefined, null, 7, 'x', [], {}]) assert.deepEqual(take(R5, value), { gaps: [] })
  assert.deepEqual(take('r/lab1/5/telemetry/state', { state: 'active' }), { gaps: [] })
  assert.deepEqual(take('elsewhere', {}), { gaps: [] })
})
