/** A calendar as it is typed: hours of a day in one line, "09:00-12:00 13:00-18:00". The server checks again. */
import type { Calendar, Weekday } from '../model'
import { WEEKDAYS } from '../model'

export interface HolidayDraft {
  first: string
  last: string
  name: string
  hours: string
}
export interface MakeUpDraft {
  date: string
  like: Weekday
  name: string
}
export interface CalendarDraft {
  title: string
  zone: string
  hours: Record<Weekday, string>
  holidays: HolidayDraft[]
  make_up: MakeUpDraft[]
}

const SPAN = /^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/

/** Blanks and commas of either script stand between spans; a dash may be the long one of a Chinese keyboard. */
export function spansOf(text: string): string[] {
  return text
    .replace(/[：]/g, ':')
    .replace(/\s*[-–—~～至]+\s*/g, '-')
    .split(/[\s,，、;；]+/)
    .filter(Boolean)
    .map((span) => span.replace(/(^|-)(\d):/g, '$10$2:'))
}

export const spansAreRight = (text: string): boolean => spansOf(text).every((span) => SPAN.test(span))

export function draftOf(calendar: Calendar): CalendarDraft {
  return {
    title: calendar.title,
    zone: calendar.zone,
    hours: Object.fromEntries(WEEKDAYS.map((day) => [day, (calendar.hours[day] ?? []).join(' ')])) as Record<
      Weekday,
      string
    >,
    holidays: calendar.holidays.map((day) => ({ ...day, hours: day.hours.join(' ') })),
    make_up: calendar.make_up.map((day) => ({ ...day })),
  }
}

/** What is sent: days without hours are not named, and rows without a date are none. */
export function toSend(draft: CalendarDraft): Omit<Calendar, 'name'> {
  const hours: Calendar['hours'] = {}
  for (const day of WEEKDAYS) if (spansOf(draft.hours[day]).length) hours[day] = spansOf(draft.hours[day])
  return {
    title: draft.title.trim(),
    zone: draft.zone.trim(),
    hours,
    holidays: draft.holidays
      .filter((day) => day.first)
      .map((day) => ({ ...day, name: day.name.trim(), hours: spansOf(day.hours) })),
    make_up: draft.make_up.filter((day) => day.date).map((day) => ({ ...day, name: day.name.trim() })),
  }
}

export function isRight(draft: CalendarDraft): boolean {
  return WEEKDAYS.every((day) => spansAreRight(draft.hours[day])) && draft.holidays.every((day) => spansAreRight(day.hours))
}
