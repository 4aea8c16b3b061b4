/** Each figure of the server's health in plain words. */
import { dateAndTime } from '../durations'
import { sizeText } from '../documents/sizes'
import type { Check } from './api'

type Say = (key: string, values?: Record<string, unknown>) => string

const whole = (n: number | null | undefined): string => (n === null || n === undefined ? '–' : String(Math.round(n)))
/** 0.42 → "0.4", 12.3 → "12". */
const some = (n: number | null | undefined): string =>
  n === null || n === undefined ? '–' : n < 10 ? n.toFixed(1) : String(Math.round(n))
const size = (n: number | null | undefined): string => (n === null || n === undefined ? '–' : sizeText(n))

function certificate(check: Check, t: Say): string[] {
  const { days, self_made: own } = check.figures
  if (check.state === 'off') return [t('health.said.noCertificate')]
  const at = dateAndTime(check.at).slice(0, 10)
  const until =
    days === null || days === undefined
      ? t('health.said.unreadable')
      : t(days > 0 ? 'health.said.certificate' : 'health.said.expired', { at, days: Math.floor(days) })
  return own ? [until, t('health.said.selfMade')] : [until]
}

/** One check, in one or more short sentences. */
export function sentences(check: Check, t: Say): string[] {
  const { figures: of, names } = check
  const say = (key: string, values: Record<string, unknown> = {}): string => t(`health.said.${key}`, values)
  const comma = t('say.comma')
  switch (check.name) {
    case 'trunks':
      if (check.state === 'off') return [say('noTrunks')]
      return [
        say('trunks', { up: whole(of.up), down: whole(of.down), unknown: whole(of.unknown) }),
        ...(names.length ? [say('trunksDown', { names: names.join(comma) })] : []),
      ]
    case 'phones':
      return [say('phones', { registered: whole(of.registered), pages: whole(of.pages), extensions: whole(of.extensions) })]
    case 'calls': {
      const now = say('calls', { live: whole(of.live), talking: whole(of.talking), waiting: whole(of.waiting) })
      return of.draining ? [now, say('draining')] : [now]
    }
    case 'sound':
      return [
        of.stopped ? say('stopped', { n: some(of.stopped) }) : say('sound', { late: some(of.late_ms), work: some(of.work_ms), legs: whole(of.legs) }),
        ...(of.skipped || of.faults ? [say('skipped', { skipped: whole(of.skipped), faults: whole(of.faults) })] : []),
      ]
    case 'loop':
      return [say('loop', { late: some((of.late ?? 0) * 1000), worst: some((of.worst ?? 0) * 1000) })]
    case 'gateway':
      return [t(`health.gateway.${names[0] ?? 'idle'}`)]
    case 'database': {
      const kind = names[0] === 'postgresql' ? 'PostgreSQL' : 'SQLite'
      if (check.state === 'fault') return [say('noAnswer', { kind })]
      return [
        say('database', { kind, octets: size(of.octets), question: some(of.question_ms) }),
        say('writes', { write: some(of.write_ms), worst: some(of.write_ms_worst), backlog: whole(of.backlog) }),
      ]
    }
    case 'events': {
      const now = say('events', { pages: whole(of.pages), backlog: whole(of.backlog) })
      return of.failed ? [now, say('historyFailed', { n: whole(of.failed) })] : [now]
    }
    case 'workers':
      return [say('workers', { waiting: whole(of.waiting), restarts: whole(of.restarts) })]
    case 'disk':
      return [say('disk', { free: size(of.free), total: size(of.total), keep: size(of.keep_free) })]
    case 'recordings':
      return [
        say('recordings', { n: whole(of.unfinished) }),
        ...names.map((kind) => t(`alarms.recordings.${kind}`)),
        ...(of.orphans ? [say('orphans', { n: whole(of.orphans) })] : []),
        ...(of.missing ? [say('missing', { n: whole(of.missing) })] : []),
        ...(of.uncovered ? [say('uncovered')] : []),
      ]
    case 'web_certificate':
    case 'sip_certificate':
      return certificate(check, t)
    case 'mail':
      return [say('mail', { waiting: whole(of.waiting), failed: whole(of.failed) })]
    case 'sms':
      return [check.state === 'off' ? say('noSms') : say('sms', { waiting: whole(of.waiting) })]
    default:
      return Object.entries(of).map(([name, value]) => `${name} ${some(value)}`)
  }
}
