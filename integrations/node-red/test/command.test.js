'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { covers, makeCommand } = require('../lib/command')

const NOW = 1_795_328_722_100
const made = (wish, more = {}) => makeCommand({ scope: 'channel', cycler: 'lab1', channels: 5, verb: 'suspend', ...wish },
  { root: 'macnet', username: '', now: NOW, newId: () => 'new', ...more })

test('one channel has its own topic, and a deadline', () => {
  const command = made({ verb: 'start_test', args: { procedure: 'P', c_rate_ah: 2.5 }, expiresIn: '4' }, { username: 'alice' })
  assert.equal(command.topic, 'macnet/lab1/5/cmd/start_test/alice')
  assert.equal(command.principal, 'alice')
  assert.deepEqual(JSON.parse(command.payload), { id: 'new', args: { procedure: 'P', c_rate_ah: 2.5 }, expires_at: NOW + 4000 })
  assert.equal(command.expiresAt, NOW + 4000)
  assert.equal(command.until, NOW + 9000)
})

test('several channels go to the cycler, and the last ones are waited for as much longer', () => {
  const command = made({ channels: '1-4, 9', staggerS: 2, atomic: true, dryRun: true })
  assert.equal(command.topic, 'macnet/lab1/cmd/suspend')
  assert.deepEqual(JSON.parse(command.payload), {
    id: 'new', channels: '1-4,9', args: {}, expires_at: NOW + 10_000, stagger_s: 2, atomic: true, dry_run: true
  })
  assert.equal(command.until, NOW + 25_000)
  assert.equal(command.stops, false) // a dry run stops nothing
})

test('to a cycler, a bridge and everything', () => {
  assert.equal(made({ scope: 'cycler', verb: 'ping' }).topic, 'macnet/lab1/cmd/ping')
  assert.equal(made({ scope: 'bridge', bridge: 'lab', verb: 'query', args: { id: 'x' } }).topic, 'macnet/bridge/lab/cmd/query')
  assert.equal(made({ scope: 'all' }).topic, 'macnet/all/cmd/suspend')
})

test('stagger and atomic of one channel are no keys of its payload', () => {
  assert.deepEqual(Object.keys(JSON.parse(made({ staggerS: 5, atomic: true }).payload)), ['id', 'args', 'expires_at'])
})

test('a verb without arguments takes no offence at a payload', () => {
  for (const args of [{ voltage_volt: 4.1 }, 'now', 1795328722, [1], undefined]) {
    assert.deepEqual(JSON.parse(made({ args }).payload).args, {})
  }
})

test('a verb that needs none takes those of buttons and timers for none', () => {
  for (const args of [undefined, null, '', 1795328722, true]) {
    assert.deepEqual(JSON.parse(made({ verb: 'reset', args }).payload).args, {})
  }
})

test('a verb that is not known here is handed on', () => {
  assert.equal(made({ verb: 'brand_new', args: { a: 1 } }).topic, 'macnet/lab1/5/cmd/brand_new')
})

test('own ids, conditions', () => {
  const payload = JSON.parse(made({ id: 'mine', expect: { state: 'available' } }).payload)
  assert.deepEqual([payload.id, payload.expect], ['mine', { state: 'available' }])
})

const MISTAKES = {
  cycler: [{ cycler: undefined }, { cycler: 'Lab 1' }, { cycler: 'all' }, { cycler: 7 }],
  channel: [{ channels: undefined }, { channels: 'x' }],
  verb: [{ verb: undefined }, { verb: 'a/b' }, { verb: 'x'.repeat(65) }],
  bridge: [{ scope: 'bridge', bridge: '' }],
  args: [{ verb: 'start_test', args: 7 }, { verb: 'start_test' }, { verb: 'reset', args: 'yes' }, { verb: 'start_test', args: [1] }],
  expires_in: [{ expiresIn: -1 }, { expiresIn: 'soon' }, { expiresIn: true }, { expiresIn: 1e9 }],
  stagger_s: [{ channels: '1-2', staggerS: 61 }],
  command_id: [{ id: 5 }, { id: 'x'.repeat(129) }],
  expect: [{ expect: 'available' }]
}
for (const [field, wishes] of Object.entries(MISTAKES)) {
  for (const wish of wishes) {
    test(`${JSON.stringify(wish)} is refused for its ${field}`, () => {
      assert.throws(() => made(wish), (error) => error.name === 'Mistake' && error.field === field)
    })
  }
}

test('a user name that no topic may carry is refused', () => {
  assert.throws(() => made({}, { username: 'Alice B' }), (error) => error.field === 'connection')
})

test('what a stop is for', () => {
  const start = made({ verb: 'start_test', channels: '4-6', args: {} })
  assert.equal(covers(made({ channels: 5 }), start), true)
  assert.equal(covers(made({ channels: 7 }), start), false)
  assert.equal(covers(made({ channels: 5, cycler: 'lab2' }), start), false)
  assert.equal(covers(made({ scope: 'all' }), start), true)
  assert.equal(covers(made({ scope: 'all' }), made({ scope: 'bridge', bridge: 'lab', verb: 'ping' })), false)
})
