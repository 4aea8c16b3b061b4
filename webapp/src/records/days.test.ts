import { describe, expect, it } from 'vitest'

import { dayOf, daysShown, mondayOf, turned } from './days'

const day = (text: string): Date => new Date(`${text}T12:00:00`)
const shown = (view: 'day' | 'week' | 'month', text: string): string[] => daysShown(view, day(text)).map(dayOf)

describe('days of a calendar', () => {
  it('are the one, its week from Monday on, or whole weeks of its month', () => {
    expect(shown('day', '2026-11-27')).toEqual(['2026-11-27'])
    expect([shown('week', '2026-11-27')[0], shown('week', '2026-11-29').at(-1)]).toEqual(['2026-11-23', '2026-11-29'])
    const november = shown('month', '2026-11-27') // begins on a Sunday, ends on a Monday
    expect([november[0], november.at(-1), november.length]).toEqual(['2026-10-26', '2026-12-06', 42])
    const february = shown('month', '2027-02-10') // four weeks to the day
    expect([february[0], february.at(-1), february.length]).toEqual(['2027-02-01', '2027-02-28', 28])
  })

  it('are each there once over every month of some years', () => {
    for (let n = 0; n < 60; n += 1) {
      const days = daysShown('month', new Date(2025, n, 15)).map(dayOf)
      expect(new Set(days).size).toBe(days.length)
      expect([28, 35, 42]).toContain(days.length)
      expect(mondayOf(new Date(`${days[0] ?? ''}T12:00:00`)).getDay()).toBe(1)
    }
  })

  it('turn by a day, a week or a month, and a shorter month has its last day', () => {
    expect(dayOf(turned('day', day('2026-11-30'), 1))).toBe('2026-12-01')
    expect(dayOf(turned('week', day('2026-11-30'), -1))).toBe('2026-11-23')
    expect(dayOf(turned('month', day('2027-01-31'), 1))).toBe('2027-02-28')
    expect(dayOf(turned('month', day('2027-01-15'), -1))).toBe('2026-12-15')
  })
})
