import { describe, expect, it } from 'vitest'

import { dateAndTime, duration, secondsSince, secondsUntil, startOfDay } from './durations'

describe('durations', () => {
  it.each([
    [0, '00:00'],
    [9.99, '00:09'],
    [65, '01:05'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [90061, '25:01:01'],
    [-3, '00:00'],
    [null, ''],
    [undefined, ''],
    [Number.NaN, ''],
  ])('%s seconds read %s', (seconds, text) => expect(duration(seconds)).toBe(text))

  it('counts from a start, and never backwards when the clocks differ', () => {
    const now = Date.parse('2026-11-24T08:00:10Z')
    expect(secondsSince('2026-11-24T16:00:00+08:00', now)).toBe(10)
    expect(secondsSince('2026-11-24T08:00:11Z', now)).toBe(0)
    expect(secondsSince(null, now)).toBe(0)
  })

  it('a count-down shows the second that has begun', () => {
    const now = Date.parse('2026-11-24T08:00:09.600Z')
    expect(secondsUntil('2026-11-24T08:00:10Z', now)).toBe(1)
    expect(secondsUntil('2026-11-24T08:00:09Z', now)).toBe(0)
  })

  it('writes times so that they sort as they read', () => {
    const at = new Date(2026, 0, 5, 3, 4, 9)
    expect(dateAndTime(at.toISOString())).toBe('2026-01-05 03:04:09')
    expect(new Date(startOfDay(at.getTime())).getTime()).toBe(new Date(2026, 0, 5).getTime())
    expect(new Date(startOfDay(at.getTime(), 6)).getTime()).toBe(new Date(2025, 11, 30).getTime())
  })
})
