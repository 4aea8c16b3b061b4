/** Messages to customers and the texts that they are made of, as the API has them. */
export const CHANNELS = ['email', 'sms'] as const
export type Channel = (typeof CHANNELS)[number]
export const STATES = ['waiting', 'sent', 'failed', 'cancelled'] as const
export type State = (typeof STATES)[number]
export const PURPOSES = [
  'appointment_booked',
  'appointment_changed',
  'appointment_cancelled',
  'appointment_reminder',
  'complaint_answer',
  'follow_up',
  'proposal',
  'letter',
  'call_us',
] as const
export type Purpose = (typeof PURPOSES)[number]
/** With which a message by hand begins. */
export const BY_HAND = ['letter', 'call_us'] as const
/** follow_up: about one in which the customer was not reached. */
export type HandPurpose = (typeof BY_HAND)[number] | 'follow_up'
export const LANGUAGES = ['zh-CN', 'en'] as const
export type TextLanguage = (typeof LANGUAGES)[number]

export interface Message {
  id: number
  channel: Channel
  address: string
  subject: string
  text: string
  customer: number | null
  call: string | null
  /** What it is about: a record and its number; '': nothing that is kept. */
  kind: string
  record: string
  owner: string
  created_by: string
  created_at: string
  not_before: string
  until: string | null
  purpose: Purpose | ''
  necessary: boolean
  state: State
  tries: number
  next_at: string | null
  sent_at: string | null
  cancelled_by: string
  why: string
  segments: number
}

export interface Template {
  purpose: Purpose
  channel: Channel
  language: TextLanguage
  subject: string
  text: string
  version: number
  changed_at: string | null
  changed_by: string
}

export interface TemplateWithFields {
  template: Template
  fields: string[]
  examples: Record<string, string>
  shipped: Template
}

export const keyOf = (one: Template): string => `${one.purpose}/${one.channel}/${one.language}`

/** As the server fills a text: a field that is not given is left out, and what fields hold is not looked at again. */
export function filled(text: string, values: Record<string, string>): string {
  return text.replace(/\{([a-z_]+)\}/g, (_, name: string) => values[name] ?? '')
}

/** Reasons that the server gives in words of its own, and their names here; others come from gateways, as they are. */
const REASONS: Record<string, string> = {
  'the customer wants no SMS': 'noSms',
  'the customer wants no e-mail': 'noEmail',
  'it could not be sent in time': 'late',
  'it was cancelled': 'cancelled',
  'no mail server is configured (mail.host)': 'noServer',
}
export const reasonOf = (why: string): string => REASONS[why] ?? ''
