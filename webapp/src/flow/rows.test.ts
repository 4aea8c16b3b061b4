import { expect, it } from 'vitest'

import { faultsAt, fieldsOf } from './fields'
import { addedPair, asText, casesOf, changedCase, droppedPair, fromText, moved, movedPair, pairsOf, renamedPair, valuedPair } from './rows'
import type { FlowFault, FlowKind } from '../model'

it('a row shows what its value is, and gives it back', () => {
  for (const value of [5, -1.5, true, false, 'text', '5', 'true', '{{ caller }}', '', '007', '"quoted"'])
    expect(fromText(asText(value, 'typed'), 'typed')).toEqual(value)
  expect(fromText('5', 'typed')).toBe(5)
  expect(fromText('"5"', 'typed')).toBe('5')
  expect(fromText('5', 'texts')).toBe('5')
  expect(asText('5', 'texts')).toBe('5')
})

it('a question is a text, or a saying in parts as they stand in the file', () => {
  const parts = ['How was', { digits: '{{ agent }}' }]
  for (const value of ['Was it good?', '[loudly]', parts]) expect(fromText(asText(value, 'sayings'), 'sayings')).toEqual(value)
  expect(fromText('[', 'sayings')).toBe('[')
})

it('rows of names are added, renamed, valued and taken out, in their order', () => {
  const pairs = pairsOf({ a: 1, b: 'x' })
  expect(Object.entries(addedPair(pairs, 'name'))).toEqual([['a', 1], ['b', 'x'], ['name1', '']])
  expect(Object.keys(addedPair(pairsOf({ name1: '' }), 'name'))).toEqual(['name1', 'name2'])
  expect(Object.entries(renamedPair(pairs, 0, 'c') ?? {})).toEqual([['c', 1], ['b', 'x']])
  expect(renamedPair(pairs, 0, 'b')).toBeNull()
  expect(valuedPair(pairs, 1, 2)).toEqual({ a: 1, b: 2 })
  expect(droppedPair(pairs, 0)).toEqual({ b: 'x' })
  expect(Object.keys(movedPair(pairs, 1, -1))).toEqual(['b', 'a'])
  expect(Object.keys(movedPair(pairs, 0, -1))).toEqual(['a', 'b'])
  expect(pairsOf([1])).toEqual([])
})

it('cases of a branch are changed and moved; an empty word is left out, the exit never', () => {
  const cases = casesOf([{ when: 'a', next: 'x' }, { hours: 'office', is: 'closed', next: 'y' }])
  expect(changedCase(cases, 0, 'when', '')[0]).toEqual({ next: 'x' })
  expect(changedCase(cases, 0, 'next', '')[0]).toEqual({ when: 'a', next: '' })
  expect(changedCase(cases, 0, 'caller', [])[0]).toEqual({ when: 'a', next: 'x' })
  expect(changedCase(cases, 1, 'hours', '')[1]).toEqual({ next: 'y' })
  expect(moved(cases, 1, -1)).toEqual([cases[1], cases[0]])
  expect(moved(cases, 1, 1)).toEqual(cases)
})

it('the form has rows where a kind has names with values, and for the cases of a branch', () => {
  const kind = (name: string, properties: FlowKind['fields']['properties'], exits: string[][]): FlowKind => ({
    kind: name, help: {}, told: '', exits, fields: { properties, required: [name] },
  })
  const text = { type: 'string' }
  const set = kind('set', { set: { type: 'object', additionalProperties: { anyOf: [{ type: 'integer' }, text] } } }, [])
  expect(fieldsOf(set).map((field) => [field.type, field.values])).toEqual([['pairs', 'typed']])
  const http = kind('http', { get: { type: 'object', additionalProperties: text } }, [])
  expect(fieldsOf(http).map((field) => [field.type, field.values])).toEqual([['pairs', 'texts']])
  const saying = { type: 'array', items: { oneOf: [text, { type: 'object' }] } }
  const survey = kind('survey', { survey: { type: 'object', additionalProperties: saying } }, [])
  expect(fieldsOf(survey).map((field) => [field.type, field.values])).toEqual([['pairs', 'sayings']])
  const branch = kind('branch', { branch: { type: 'array', items: { type: 'object', properties: { next: text } } } }, [['branch', '*', 'next']])
  expect(fieldsOf(branch).map((field) => field.type)).toEqual(['cases'])
})

it('a fault stands at its row', () => {
  const fault = { line: 1, column: 1, node: 'a', path: ['branch', '1', 'when'], warning: false, reason: 'x' } satisfies FlowFault
  expect(faultsAt([fault], ['branch', '1'])).toEqual([fault])
  expect(faultsAt([fault], ['branch', '0'])).toEqual([])
})
