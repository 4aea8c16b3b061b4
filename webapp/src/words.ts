/** Words for codes that the server may grow: an unknown code is shown as it is, never hidden. */

type T = (key: string, named?: Record<string, unknown>) => string
type Knows = (key: string) => boolean

/** Breaks that an agent may choose, in the order of the menu. */
export const BREAK_REASONS = ['rest', 'meal', 'meeting', 'training', 'work'] as const

export function reasonText(reason: string, t: T, te: Knows): string {
  if (!reason) return t('reason.none')
  return te(`reason.${reason}`) ? t(`reason.${reason}`) : reason
}

export function wordOf(group: string, code: string, t: T, te: Knows): string {
  return te(`${group}.${code}`) ? t(`${group}.${code}`) : code
}

/** Why a call ended, as the server writes it: "normal", "by 1001", "flow ended" or a fault of signalling as it is. */
export function causeText(cause: string, t: T, te: Knows, nameOf: (login: string) => string): string {
  const by = /^by (\S+)$/.exec(cause)?.[1]
  if (by) return t('cause.by', { who: nameOf(by) })
  const key = `cause.${cause.replaceAll(' ', '_')}`
  return te(key) ? t(key) : cause
}

/** Why a trunk is up or down, as the server writes it: "no answer to OPTIONS", "registration: 403 Forbidden" … */
export function trunkWhy(why: string, t: T, te: Knows): string {
  const registration = /^registration: (.*)$/.exec(why)?.[1]
  if (registration !== undefined) return t('trunkWhy.registration', { why: trunkWhy(registration, t, te) })
  const answered = /^(\d{3}) to OPTIONS$/.exec(why)?.[1]
  if (answered) return t('trunkWhy.answered', { status: answered })
  const key = `trunkWhy.${why.replaceAll(' ', '_')}`
  return te(key) ? t(key) : why
}
