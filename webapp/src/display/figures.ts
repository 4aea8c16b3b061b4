/** A wall display's figures: when one is worth a colour and a sign. Pure. */
export interface QueueFigures {
  name: string
  title: string
  waiting: number
  longest_since: string | null
  offered: number
  answered: number
  abandoned: number
  /** 0 to 1; null: nothing has come yet. */
  service_level: number | null
  target: number
  asa: number | null
  limits: Limits
}

export interface DisplayFigures {
  name: string
  at: string
  /** Minutes of the office's clock. */
  utc_offset: number
  build: string
  queues: QueueFigures[]
  agents: { ready: number; talking: number; wrap_up: number; on_break: number; signed_in: number }
}

export type Level = 'well' | 'warn' | 'alarm'
export interface Limit {
  warn: number
  alarm: number
}
/** waiting: callers; longest: seconds; service_level: 0 to 1, and it warns below. */
export type Limits = Record<'waiting' | 'longest' | 'service_level', Limit | null>

/** fewer: little is bad. */
export function levelOf(value: number | null, limit: Limit | null, fewer = false): Level {
  if (value === null || limit === null) return 'well'
  const over = (edge: number): boolean => (fewer ? value < edge : value >= edge)
  return over(limit.alarm) ? 'alarm' : over(limit.warn) ? 'warn' : 'well'
}

/** A whole percentage that never says 100 of what is not whole. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${share === 1 ? 100 : Math.min(99, Math.round(share * 100))}%`
}

/** The office's clock: "14:03:09", and its day for `Intl`. now: milliseconds of the server's clock. */
export function officeTime(now: number, offsetMinutes: number): Date {
  return new Date(now + offsetMinutes * 60_000)
}
