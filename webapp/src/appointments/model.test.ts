import { describe, expect, it } from 'vitest'

import { dayOf, daysShown, readReminders, shifted, slotsOf, spanOfDays, type Appointment, type Place } from './model'

const local = (text: string): string => new Date(text).toISOString()
const place = (begin: string, left = 1): Place => ({
  begin: local(begin),
  end: local(begin),
  capacity: 2,
  left,
  persons: [],
  bookable: left > 0,
})
const booked = (id: number, at: string): Appointment => ({ id, at: local(at) }) as Appointment

describe('the days that are shown', () => {
  it('are the week from Monday on, also seen from a Sunday, or the one day', () => {
    const week = ['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29']
    for (const day of ['2026-11-23T00:00', '2026-11-27T10:00', '2026-11-29T23:59']) {
      expect(daysShown('week', new Date(day)).map(dayOf)).toEqual(week)
    }
    expect(daysShown('day', new Date('2026-11-27T10:00')).map(dayOf)).toEqual(['2026-11-27'])
    expect(dayOf(shifted(new Date('2026-11-30T10:00'), 1))).toBe('2026-12-01')
  })

  it('end with the last of them', () => {
    const { since, until } = spanOfDays(daysShown('week', new Date('2026-11-27T10:00')))
    expect([dayOf(since), dayOf(until)]).toEqual(['2026-11-23', '2026-11-30'])
    const noon = spanOfDays([new Date('2026-11-27T12:00')])
    expect(noon).toEqual(spanOfDays([new Date('2026-11-27T00:00')]))
  })
})

describe('a calendar', () => {
  it('has places and appointments of one time in one slot, by day and time', () => {
    const days = daysShown('week', new Date('2026-11-27T10:00'))
    const slots = slotsOf(
      days,
      [place('2026-11-27T09:00'), place('2026-11-27T10:00', 0), place('2026-12-01T09:00')],
      [booked(1, '2026-11-27T10:00'), booked(2, '2026-11-27T10:00'), booked(3, '2026-11-27T08:15')],
    )
    const friday = slots['2026-11-27'] ?? []
    expect(friday.map((slot) => [slot.place?.left ?? null, slot.booked.map((one) => one.id)])).toEqual([
      [null, [3]],
      [1, []],
      [0, [1, 2]],
    ])
    expect(slots['2026-11-23']).toEqual([])
    expect(Object.keys(slots)).toHaveLength(7)
  })
})

it('reminders are whole hours, however they are kept apart', () => {
  expect(readReminders('24 2')).toEqual([24, 2])
  expect(readReminders('24，2、1')).toEqual([24, 2, 1])
  expect(readReminders('')).toEqual([])
  for (const wrong of ['1.5', '0', '-2', 'a day']) expect(readReminders(wrong)).toBeNull()
})
