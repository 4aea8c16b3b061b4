/** Duties by the day when they are due, as a calendar lays them out. Pure: `now` comes in, in milliseconds. */
import type { DutyOnDay } from '../model'
import { dayOf } from '../records/days'

export const CALENDARS = ['day', 'week', 'month'] as const
export type Calendar = (typeof CALENDARS)[number]
/** Of a day in a month; the others are behind a number. */
export const MOST_IN_CELL = 3

/** Of each day that is shown, by `dayOf`, in the order of time. What is due on another day is left out. */
export function onDays(days: readonly Date[], items: readonly DutyOnDay[]): Record<string, DutyOnDay[]> {
  const found: Record<string, DutyOnDay[]> = Object.fromEntries(days.map((day) => [dayOf(day), []]))
  for (const one of items) found[dayOf(one.due)]?.push(one)
  return found
}

/** When a duty is due that is made on that day: at nine; today at the next full hour. Null: the day is over. */
export function dueOn(day: Date, now: number): Date | null {
  const at = new Date(day.getFullYear(), day.getMonth(), day.getDate(), 9)
  if (at.getTime() > now) return at
  const next = new Date(now)
  next.setHours(next.getHours() + 1, 0, 0, 0)
  return dayOf(next) === dayOf(day) ? next : null
}

/** Where the eye goes from a day with a key, as so many days; null: the key means something else. */
export function stepOf(key: string, columns: number): number | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 }
  if (columns > 1) Object.assign(steps, { ArrowUp: -columns, ArrowDown: columns })
  return steps[key] ?? null
}
