/** The words of the JSON API (docs/api.md), as the pages use them. Times are ISO 8601; durations seconds. */

export type Role = 'agent' | 'supervisor' | 'manager' | 'admin'
export type AgentState = 'signed_out' | 'ready' | 'offered' | 'talking' | 'wrap_up' | 'break' | 'unreachable'
export type WantedState = 'signed_out' | 'ready' | 'break'
export type Direction = 'inbound' | 'outbound' | 'internal'
export type LineState = 'flow' | 'waiting' | 'ringing' | 'talking' | 'dialling'
export type Outcome =
  | 'answered'
  | 'abandoned'
  | 'no_answer'
  | 'busy'
  | 'voicemail'
  | 'callback'
  | 'failed'
  | 'flow'
  | 'interrupted'
export const OUTCOMES: readonly Outcome[] = [
  'answered',
  'abandoned',
  'no_answer',
  'busy',
  'voicemail',
  'callback',
  'failed',
  'flow',
  'interrupted',
]
export type Sex = '' | 'female' | 'male'

export interface Me {
  login: string
  name: string
  role: Role
  extension: string | null
  language: string
}

export interface Agent {
  login: string
  name: string
  extension: string | null
  state: AgentState
  reason: string
  since: string
  /** End of the wrap-up, where there is one. */
  until: string | null
  /** Is the extension's phone registered now. */
  phone: boolean
  call: string | null
  queues: string[]
}

export interface Line {
  call: string
  direction: Direction
  state: LineState
  caller: string
  called: string
  trunk: string | null
  queue: string | null
  agent: string | null
  since: string
  started_at: string
}

export interface QueueNow {
  name: string
  title: string
  waiting: { call: string; caller: string; since: string; position: number }[]
  longest_since: string | null
  ready: number
  talking: number
  signed_in: number
}

export interface Call {
  id: string
  direction: Direction
  caller: string
  caller_name: string
  called: string
  trunk: string | null
  flow: string | null
  queue: string | null
  agent: string | null
  extension: string | null
  started_at: string
  queued_at: string | null
  answered_at: string | null
  ended_at: string | null
  wait_seconds: number | null
  talk_seconds: number | null
  outcome: Outcome | null
  ended_by: 'caller' | 'agent' | 'callee' | 'system' | null
  cause: string
  recording_id: string | null
  customer_id: number | null
  note: string
  keys: string
}

/** One step of a call's story. */
export interface Step {
  at: string
  kind: string
  details: Record<string, unknown>
}

export interface Card {
  name: string
  phones: string[]
  card: string
  sex: Sex
  company: string
  address: string
  email: string
  level: string
  note: string
}

export interface Customer extends Card {
  id: number
  created_at: string
  changed_at: string
}

/** The agent's page should show this caller. customers: who it may be, best first. */
export interface Pop {
  call: string
  agent: string
  caller: string
  called: string
  queue: string | null
  customers: number[]
  keys: string
}

export interface Listing<T> {
  items: T[]
  total: number
}

export function emptyCard(phone = ''): Card {
  return {
    name: '',
    phones: phone ? [phone] : [],
    card: '',
    sex: '',
    company: '',
    address: '',
    email: '',
    level: '',
    note: '',
  }
}
