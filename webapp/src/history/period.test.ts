import { describe, expect, it } from 'vitest'

import { spanOf } from './period'

const now = new Date(2026, 10, 24, 15, 30).getTime()
const day = (year: number, month: number, date: number): string => new Date(year, month - 1, date).toISOString()

describe('periods of the history', () => {
  it('are whole days of the calendar on the wall', () => {
    expect(spanOf('today', null, now)).toEqual({ since: day(2026, 11, 24) })
    expect(spanOf('yesterday', null, now)).toEqual({ since: day(2026, 11, 23), until: day(2026, 11, 24) })
    expect(spanOf('week', null, now)).toEqual({ since: day(2026, 11, 18) })
    expect(spanOf('month', null, now)).toEqual({ since: day(2026, 10, 26) })
  })

  it('end after the last chosen day, not at its beginning', () => {
    const dates: [Date, Date] = [new Date(2026, 10, 30), new Date(2026, 10, 30)]
    expect(spanOf('today', dates, now)).toEqual({ since: day(2026, 11, 30), until: day(2026, 12, 1) })
  })

  it('are open when nothing is chosen', () => expect(spanOf(null, null, now)).toEqual({}))
})
