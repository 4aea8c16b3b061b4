/** Which calls of the history: a period by its name, or whole days of a calendar. Pure. */
import { startOfDay } from '../durations'

export const PERIODS = ['today', 'yesterday', 'week', 'month'] as const
export type Period = (typeof PERIODS)[number]

/** since: included; until: not. Dates: both days are meant whole. */
export function spanOf(
  period: Period | null,
  dates: [Date, Date] | null,
  now: number,
): { since?: string; until?: string } {
  if (dates) {
    const [from, to] = dates
    return { since: startOfDay(from.getTime()), until: startOfDay(to.getTime(), -1) }
  }
  switch (period) {
    case 'today':
      return { since: startOfDay(now) }
    case 'yesterday':
      return { since: startOfDay(now, 1), until: startOfDay(now) }
    case 'week':
      return { since: startOfDay(now, 6) }
    case 'month':
      return { since: startOfDay(now, 29) }
    case null:
      return {}
  }
}
