import { describe, expect, it } from 'vitest'

import { daysOf, lateness, newRule, table, termsOf, whenOf, type FollowUpRule } from './model'

const NOW = new Date(2026, 7, 3, 9, 0).getTime()
const at = (day: number, hour: number): string => new Date(2026, 7, day, hour).toISOString()

describe('follow-ups as an eye sorts them', () => {
  it.each([
    ['open', at(3, 8), 'overdue'],
    ['not_reached', at(3, 9), 'overdue'],
    ['open', at(3, 18), 'soon'],
    ['open', at(4, 8), 'open'],
    ['done', at(1, 8), 'closed'],
    ['cancelled', null, 'closed'],
    ['open', null, 'open'],
  ] as const)('%s, due %s: %s', (state, due, wanted) => expect(lateness({ state, due }, NOW)).toBe(wanted))
})

describe('statistics as a table', () => {
  const count = (key: string, across: string, done: number, late = 0, tries = 0) => ({ key, across, done, late, tries })

  it('have a row a key and a column a pair, summed up', () => {
    const items = [count('1001', 'fair', 1, 0, 2), count('1001', 'satisfied', 3, 1, 1), count('1002', 'fair', 4)]
    expect(table(items)).toEqual({
      columns: ['fair', 'satisfied'],
      rows: [
        { key: '1001', done: 4, late: 1, tries: 3, cells: [1, 3] },
        { key: '1002', done: 4, late: 0, tries: 0, cells: [4, 0] },
      ],
    })
  })

  it('are nothing of nothing', () => expect(table([])).toEqual({ columns: [], rows: [] }))
})

describe('a rule', () => {
  it('says its interval without a minus', () => {
    for (const days of [-3, 0, 7]) expect(daysOf(whenOf(days), Math.abs(days))).toBe(days)
    expect([whenOf(-3), whenOf(0), whenOf(7)]).toEqual(['before', 'on', 'after'])
  })

  it('is sent back without what the server adds', () => {
    const rule = { ...newRule(), id: 1, since: null, created_at: '', created_by: '', changed_at: '', changed_by: '', version: 2 }
    expect(termsOf(rule satisfies FollowUpRule)).toEqual(newRule())
  })
})
