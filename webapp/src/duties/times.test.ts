import { describe, expect, it } from 'vitest'

import { lateness, quickTimes, shortTime } from './times'

const at = (text: string): number => new Date(text).getTime()
const iso = (text: string): string => new Date(text).toISOString()
const owed = { state: 'open' as const, warn_at: iso('2026-11-24T14:50'), due: iso('2026-11-24T15:00') }

describe('how late a duty is', () => {
  it.each([
    ['2026-11-24T14:49:59', 'open'],
    ['2026-11-24T14:50:00', 'soon'],
    ['2026-11-24T14:59:59', 'soon'],
    ['2026-11-24T15:00:00', 'overdue'],
  ])('at %s: %s', (now, late) => {
    expect(lateness(owed, at(now))).toBe(late)
    expect(lateness({ ...owed, state: 'done' }, at(now))).toBe('closed')
  })
})

describe('quick times', () => {
  it('are in minutes, at three, and tomorrow at nine', () => {
    const found = quickTimes(at('2026-11-30T14:10:30'))
    expect(found.map(({ name, due }) => `${name} ${due.getDate()} ${due.getHours()}:${due.getMinutes()}`)).toEqual([
      'm15 30 14:25',
      'h1 30 15:10',
      'today15 30 15:0',
      'tomorrow9 1 9:0',
    ])
  })

  it('offer no time that is past', () => {
    expect(quickTimes(at('2026-11-30T15:00:00')).map(({ name }) => name)).toEqual(['m15', 'h1', 'tomorrow9'])
  })
})

it('a time has its day where it is another one', () => {
  expect(shortTime(iso('2026-11-24T09:05'), at('2026-11-24T08:00'))).toBe('09:05')
  expect(shortTime(iso('2026-11-25T09:05'), at('2026-11-24T23:00'))).toBe('11-25 09:05')
})
