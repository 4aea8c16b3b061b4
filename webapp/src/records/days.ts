/** Days of a calendar, on this machine's clock. Pure: which day is meant comes in. */
const two = (n: number): string => String(n).padStart(2, '0')

/** 2026-11-27, on this machine's calendar. */
export function dayOf(at: Date | string): string {
  const day = new Date(at)
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`
}

/** 09:30 */
export function clockOf(at: string): string {
  const time = new Date(at)
  return `${two(time.getHours())}:${two(time.getMinutes())}`
}

/** Its week's Monday. */
export function mondayOf(day: Date): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - ((day.getDay() + 6) % 7))
}

/** The days that are shown: the one, its week from Monday on, or the weeks of its month, whole. */
export function daysShown(view: 'day' | 'week' | 'month', day: Date): Date[] {
  if (view === 'day') return [new Date(day.getFullYear(), day.getMonth(), day.getDate())]
  const first = mondayOf(view === 'week' ? day : new Date(day.getFullYear(), day.getMonth(), 1))
  const last = view === 'week' ? first : mondayOf(new Date(day.getFullYear(), day.getMonth() + 1, 0))
  const found: Date[] = []
  for (let one = first; one < shifted(last, 7); one = shifted(one, 1)) found.push(one)
  return found
}

/** The day, week or month before or after; of a longer month's last day, the last one of a shorter. */
export function turned(view: 'day' | 'week' | 'month', day: Date, by: -1 | 1): Date {
  if (view !== 'month') return shifted(day, by * (view === 'week' ? 7 : 1))
  const last = new Date(day.getFullYear(), day.getMonth() + by + 1, 0).getDate()
  return new Date(day.getFullYear(), day.getMonth() + by, Math.min(day.getDate(), last))
}

/** So many days on; not hours, which a change of the clock makes more or fewer. */
export function shifted(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days)
}

/** From the beginning of the first to the end of the last one, as the API wants it. */
export function spanOfDays(days: readonly Date[]): { since: string; until: string } {
  const [first, last] = [days[0] as Date, days[days.length - 1] as Date]
  return { since: shifted(first, 0).toISOString(), until: shifted(last, 1).toISOString() }
}
