/** What an entry of the time line says in its one line, and where it leads. */
import type { RouteLocationRaw } from 'vue-router'

import { useWorkflows } from '../complaints/workflows'
import { cardText, moneyText } from '../customers/money'
import { useDictionaries } from '../dictionaries'
import { dateAndTime, duration } from '../durations'
import { useFields } from '../fields/fields'
import { groupDigits } from '../numbers'
import { wordOf } from '../words'
import type { TimelineEntry } from './model'
import { sizeText } from './sizes'

type T = (key: string, named?: Record<string, unknown>) => string
type Knows = (key: string) => boolean

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))

function fieldNames(about: unknown, t: T, te: Knows): string {
  const fields = (about as { fields?: unknown } | undefined)?.fields
  if (!Array.isArray(fields)) return ''
  return fields.map((name) => fieldName(String(name), t, te)).join(t('say.comma'))
}

/** A custom one is "fields.NAME". */
function fieldName(name: string, t: T, te: Knows): string {
  if (!name.startsWith('fields.')) return wordOf('customer', name, t, te)
  const own = name.slice('fields.'.length)
  const known = useFields().of('customer').find((field) => field.name === own)
  return known ? useFields().label(known) : own
}

/** The parts of the line, in their order; empty ones are left out. Names of codes: of the lists and workflows that are loaded. */
export function told(one: TimelineEntry, language: string, t: T, te: Knows): string[] {
  const { details } = one
  const lists = useDictionaries()
  const parts = ((): string[] => {
    switch (one.kind) {
      case 'call':
        return [
          t(`documents.${text(details.direction)}`),
          groupDigits(text(details.direction === 'outbound' ? details.called : details.caller)),
          details.outcome ? wordOf('outcome', text(details.outcome), t, te) : '',
          details.talk_seconds ? duration(Number(details.talk_seconds)) : '',
        ]
      case 'voicemail':
        return [
          groupDigits(text(details.caller)),
          details.seconds ? duration(Number(details.seconds)) : '',
          t(details.done ? 'documents.done' : 'documents.notDone'),
        ]
      case 'callback':
        return [
          groupDigits(text(details.number)),
          wordOf('documents.callbackStates', text(details.state), t, te),
          details.tries ? t('documents.tried', { n: details.tries }) : '',
        ]
      case 'survey':
        return [t('documents.score', { score: details.score, most: details.most })]
      case 'duty':
        return [
          wordOf('duties.kinds', text(details.kind), t, te),
          wordOf('duties.states', text(details.state), t, te),
          details.state === 'open' ? t('documents.due', { at: dateAndTime(text(details.due)).slice(0, 16) }) : '',
          details.outcome ? wordOf('duties.outcomes', text(details.outcome), t, te) : '',
        ]
      case 'message':
        return [
          wordOf('outbox.channels', text(details.channel), t, te),
          text(details.address),
          wordOf('outbox.states', text(details.state), t, te),
        ]
      case 'posting':
        return [
          cardText(text(details.card)),
          wordOf('prepaid', text(details.kind), t, te),
          details.ledger === 'money'
            ? moneyText(Number(details.amount), text(details.currency), language)
            : `${text(details.amount)} ${t('prepaid.points')}`,
          text(details.reference),
        ]
      case 'file':
        return [sizeText(Number(details.octets))]
      case 'change':
        return [
          wordOf('documents.changes', text(details.what).replace('customer.', ''), t, te),
          fieldNames(details.about, t, te),
        ]
      case 'consultation':
        return [
          text(details.number),
          lists.word('consultation_category', text(details.category)),
          lists.word('channel', text(details.channel)),
        ]
      case 'complaint':
        return [
          text(details.number),
          lists.word('complaint_type', text(details.type)),
          useWorkflows().stepName(text(details.state)),
        ]
      case 'follow_up':
        return [
          text(details.number),
          lists.word('follow_up_category', text(details.category)),
          details.state ? wordOf('documents.followUpStates', text(details.state), t, te) : '',
          lists.word('follow_up_result', text(details.result)),
        ]
      case 'appointment':
        return [
          text(details.number),
          text(language === 'en' ? details.service_english : details.service),
          details.state ? wordOf('appointments.states', text(details.state), t, te) : '',
        ]
      case 'proposal':
        return [`${text(details.number)} v${text(details.version)}`]
      default:
        return [text(details.number)]
    }
  })()
  return parts.filter(Boolean)
}

/** The page of the thing; null: it has none of its own. */
export function placeOf(one: TimelineEntry): RouteLocationRaw | null {
  switch (one.kind) {
    case 'call':
      return { name: 'history', params: { call: one.id } }
    case 'voicemail':
    case 'callback':
    case 'survey':
      return one.details.call ? { name: 'history', params: { call: text(one.details.call) } } : null
    case 'consultation':
      return { name: 'consultations', params: { id: one.id } }
    case 'complaint':
      return { name: 'complaints', params: { id: one.id } }
    case 'appointment':
      return { name: 'appointments', params: { id: one.id } }
    case 'message':
      return { name: 'outbox', params: { id: one.id } }
    case 'follow_up':
      return { name: 'follow-ups', params: { id: one.id } }
    case 'duty':
      return { name: 'duties', params: { id: one.id } }
    default:
      return null
  }
}
