/** Durations and times as people read them. Pure: `now` comes in, in milliseconds of the server's clock. */

/** 65 → "01:05", 3725 → "1:02:05". Never negative: a clock that is a little off shows zero. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return ''
  const whole = Math.max(0, Math.floor(seconds))
  const two = (n: number): string => String(n).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`
}

export function secondsSince(start: string | null | undefined, now: number): number {
  return start ? Math.max(0, (now - Date.parse(start)) / 1000) : 0
}

/** A count-down shows the second that has begun: 0.4 s left is still 1. */
export function secondsUntil(end: string | null | undefined, now: number): number {
  return end ? Math.max(0, Math.ceil((Date.parse(end) - now) / 1000)) : 0
}

const two = (n: number): string => String(n).padStart(2, '0')

/** The clock on the wall of this machine: 14:03:09. */
export function timeOfDay(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** 2026-11-24 14:03:09: sorts as it reads, the same in both languages. */
export function dateAndTime(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${timeOfDay(iso)}`
}

/** Midnight of the day of `now` on this machine, as the API wants it. */
export function startOfDay(now: number, daysBack = 0): string {
  const at = new Date(now)
  at.setHours(0, 0, 0, 0)
  at.setDate(at.getDate() - daysBack)
  return at.toISOString()
}
