import { describe, expect, it } from 'vitest'

import type { Node, QueryField } from './model'
import { draftOf, newCondition, newGroup, newRelated, nodeOf } from './tree'

function field(name: string, type: QueryField['type'], operators: QueryField['operators']): QueryField {
  const words = { chinese: name, english: name }
  return { name, type, operators, ...words, several: false, dictionary: '', codes: [], choices: [], sorts: true, groups: true, shows: true }
}

const FIELDS: Record<string, QueryField[]> = {
  customer: [
    field('name', 'text', ['contains', 'is', 'starts', 'filled']),
    field('level', 'choice', ['is', 'filled']),
    field('x_score', 'number', ['is', 'between', 'filled']),
    field('gifts', 'yes_no', ['is', 'filled']),
    field('birthday', 'date', ['within', 'is', 'between', 'filled']),
  ],
  call: [field('started_at', 'moment', ['within', 'filled'])],
}
const fields = (kind: string): QueryField[] => FIELDS[kind] ?? []

const GOLD: Node = { field: 'level', op: 'is', negated: false, values: ['gold', 'vip'] }
const TREE: Node = {
  group: 'all',
  of: [
    GOLD,
    { field: 'name', op: 'contains', negated: true, values: ['张'] },
    { field: 'gifts', op: 'is', negated: false, values: [false] },
    { field: 'birthday', op: 'between', negated: false, least: '2026-01-01', most: null },
    { group: 'none', of: [{ field: 'x_score', op: 'between', negated: false, least: 2.5, most: 10 }] },
    { related: 'call', where: { group: 'all', of: [{ field: 'started_at', op: 'within', negated: false, span: { last: 30, unit: 'day' } }] }, at_most: 0 },
    { related: 'call', where: { group: 'all', of: [{ field: 'started_at', op: 'within', negated: false, span: { period: 'this_quarter' } }] }, at_least: 2 },
  ],
}

describe('a query that is built', () => {
  it('is after keeping what it was before', () => {
    const missing = new Set<number>()
    expect(nodeOf(draftOf(TREE), 'customer', fields, missing)).toEqual(TREE)
    expect(missing.size).toBe(0)
  })

  it('keeps a single condition within a group of its own', () => {
    expect(nodeOf(draftOf(GOLD), 'customer', fields, new Set())).toEqual({ group: 'all', of: [GOLD] })
  })

  it('asks nothing where there is nothing', () => {
    expect(nodeOf(draftOf(null), 'customer', fields, new Set())).toBeNull()
    expect(nodeOf(newGroup('any', [newGroup()]), 'customer', fields, new Set())).toBeNull()
  })

  it.each([
    ['no field', { field: '' }],
    ['a field that is gone', { field: 'x_gone' }],
    ['no text', { field: 'name', op: 'contains' as const, text: '  ' }],
    ['no choice', { field: 'level', op: 'is' as const }],
    ['what is no number', { field: 'x_score', op: 'is' as const, text: 'many' }],
    ['neither bound', { field: 'x_score', op: 'between' as const }],
  ])('says of a condition with %s that it is not filled in', (_, more) => {
    const draft = { ...newCondition(), ...more }
    const missing = new Set<number>()
    expect(nodeOf(newGroup('all', [draft]), 'customer', fields, missing)).toBeNull()
    expect([...missing]).toEqual([draft.key])
  })

  it('asks for records of another kind with the fields of that kind', () => {
    const related = newRelated('call')
    related.where.of.push(newCondition(FIELDS.call![0]))
    expect(nodeOf(related, 'customer', fields, new Set())).toMatchObject({ related: 'call', at_least: 1, where: { of: [{ field: 'started_at' }] } })
  })
})
