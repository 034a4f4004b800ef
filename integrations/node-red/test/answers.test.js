'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const answers = require('../lib/answers')
const { Mistake } = require('../lib/mistake')

test('final is what ends a whole command', () => {
  assert.equal(answers.isFinal({ final: true }), true)
  for (const ack of [{ final: true, part: true }, { final: false }, {}, null, 'done']) assert.equal(answers.isFinal(ack), false)
})

test('of two statuses the worse one counts, and one that nobody knows is worst', () => {
  assert.equal(answers.worse('done', 'rejected'), 'rejected')
  assert.equal(answers.worse('unknown', 'failed'), 'unknown')
  assert.equal(answers.worse('done', 'brand_new'), 'brand_new')
})

test('an answer of its own says that nothing is known, never that it failed', () => {
  const answer = answers.noAnswer({ id: 'x', verb: 'start_test', topic: 't', cycler: 'lab1', channel: 5, principal: 'alice' }, { deliveries: 3 })
  assert.equal(answer.status, 'no_answer')
  assert.equal(answer.final, false)
  assert.match(answer.error.message, /sent 3 times: whether it was carried out is not known here.*query.*id x/)
  const known = answers.noAnswer({ id: 'x', topic: 't' }, { deliveries: 3 }, 'no bridge is online')
  assert.match(known.error.message, /sent 3 times \(no bridge is online\): whether/)
})

test('a mistake names the field', () => {
  const answer = answers.mistaken({ verb: 'start_test', cycler: 7 }, new Mistake('7 is no cycler', 'cycler'))
  assert.deepEqual(answer, {
    id: null, command: 'start_test', cycler: undefined, status: 'rejected', final: true, deliveries: 0,
    error: { code: 'BAD_ARGS', category: 'schema', message: '7 is no cycler', field: 'cycler', retryable: false }
  })
})

test('the error of a summary is that of the first channel that ended like it', () => {
  const parts = [{ status: 'done' }, { status: 'rejected', error: { code: 'A' } }, { status: 'failed', error: { code: 'B' } }]
  assert.equal(answers.problemOf({ status: 'failed', results: parts }).code, 'B')
  assert.equal(answers.problemOf({ status: 'done', results: parts }), undefined)
  assert.equal(answers.problemOf({ status: 'failed', error: { code: 'C' }, results: parts }).code, 'C')
})
