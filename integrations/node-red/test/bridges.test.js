'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Bridges } = require('../lib/bridges')

const source = (name, leaf) => ({ scope: 'bridge', name, leaf })

function bridges ({ state = 'online', session = 's1', version = 1, infoSession = 's1' } = {}) {
  const made = new Bridges()
  made.take(source('lab', 'status'), { state, session })
  made.take(source('lab', 'info'), { bridge: 'lab', session: infoSession, version: '9.0', schema_version: version, cyclers: ['lab1'] })
  return made
}

test('what is retained holds while its bridge is online in the same session', () => {
  assert.equal(bridges().doubt('lab', 's1'), undefined)
  assert.match(bridges().doubt('lab', 's0'), /earlier session/)
  assert.match(bridges({ state: 'offline' }).doubt('lab', 's1'), /lab is offline/)
  assert.match(bridges().doubt('other', 's1'), /nothing is known of bridge other/)
})

test('only what is new is news', () => {
  const made = bridges()
  assert.equal(made.take(source('lab', 'status'), { state: 'online', session: 's1' }), false)
  assert.equal(made.take(source('lab', 'status'), undefined), true)
  assert.equal(made.isOnline('lab'), false)
  assert.equal(made.take({ scope: 'cycler', name: 'lab', leaf: 'status' }, {}), false)
  assert.equal(made.take(source('lab', 'ack'), {}), false)
})

test('a bridge that serves a cycler answers when everything is to stop', () => {
  const made = bridges()
  const leaves = (left) => made.take(source('lab', 'status'), { state: 'online', session: 's1', not_served: left })
  assert.deepEqual(made.answering, ['lab'])
  leaves({ lab1: 'other' })
  assert.deepEqual(made.answering, [])
  made.take(source('lab', 'info'), { cyclers: ['lab1', 'lab2'] })
  assert.deepEqual(made.answering, ['lab'], 'it serves lab2')
  made.take(source('lab', 'info'), undefined)
  assert.deepEqual(made.answering, ['lab'], 'it may serve some')
  made.take(source('lab', 'status'), { state: 'offline', session: 's1' })
  assert.deepEqual(made.answering, [])
})

test('a bridge that speaks another version of the contract is not understood', () => {
  assert.equal(bridges().misunderstanding({ cycler: 'lab1' }), undefined)
  const newer = bridges({ version: 2 })
  assert.match(newer.misunderstanding({ cycler: 'lab1' }), /bridge lab \(9\.0\) speaks version 2 of the contract, this package 1/)
  assert.match(newer.misunderstanding({ bridge: 'lab' }), /version 2/)
  assert.equal(newer.misunderstanding({ cycler: 'lab2' }), undefined)
  assert.equal(newer.misunderstandings.length, 1)
})

test('why nobody may answer is told where it is known', () => {
  assert.equal(bridges().silence({ cycler: 'lab1' }), undefined)
  assert.equal(bridges().silence({ bridge: 'lab' }), undefined)
  assert.equal(bridges().silence({}), undefined, 'a stop of everything')
  assert.equal(bridges().silence({ cycler: 'lab9' }), 'no bridge that is online has a cycler lab9; there are lab1')
  assert.equal(bridges().silence({ bridge: 'west' }), 'no bridge west is online; there are lab')
  assert.equal(bridges({ state: 'offline' }).silence({ cycler: 'lab1' }), 'no bridge is online')
  const mute = bridges()
  mute.take(source('lab', 'info'), undefined)
  assert.equal(mute.silence({ cycler: 'lab9' }), undefined, 'it has not said which it has')
})

test('what a bridge of long ago said of itself does not count', () => {
  assert.equal(bridges({ version: 2, state: 'offline' }).misunderstanding({ cycler: 'lab1' }), undefined)
  assert.equal(bridges({ version: 2, infoSession: 's0' }).misunderstanding({ cycler: 'lab1' }), undefined)
})
