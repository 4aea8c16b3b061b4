/** When duties are due, as an eye sorts them. Pure: `now` comes in, in milliseconds of the server's clock. */
import type { Duty } from '../model'

export type Lateness = 'overdue' | 'soon' | 'open' | 'closed'

export function lateness(duty: Pick<Duty, 'state' | 'due' | 'warn_at'>, now: number): Lateness {
  if (duty.state !== 'open') return 'closed'
  if (Date.parse(duty.due) <= now) return 'overdue'
  return Date.parse(duty.warn_at) <= now ? 'soon' : 'open'
}

export type Quick = 'm15' | 'h1' | 'today15' | 'tomorrow9'

/** Times that are promised again and again; three o'clock only while it is still to come. */
export function quickTimes(now: number): { name: Quick; due: Date }[] {
  const at = (days: number, hour: number): Date => {
    const day = new Date(now)
    day.setDate(day.getDate() + days)
    day.setHours(hour, 0, 0, 0)
    return day
  }
  const minutes = (n: number): Date => new Date(now + n * 60_000)
  const found: { name: Quick; due: Date }[] = [
    { name: 'm15', due: minutes(15) },
    { name: 'h1', due: minutes(60) },
    { name: 'today15', due: at(0, 15) },
    { name: 'tomorrow9', due: at(1, 9) },
  ]
  return found.filter(({ due }) => due.getTime() > now)
}

/** "14:30", or with its day where that is another one: "11-25 09:00". */
export function shortTime(iso: string, now: number): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const [at, today] = [new Date(iso), new Date(now)]
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  return at.toDateString() === today.toDateString() ? time : `${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}
