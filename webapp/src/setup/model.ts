/** What the server says to who sets the office up (docs/api.md, /setup). */
export const STEPS = ['office', 'trunk', 'agent', 'queue', 'number', 'call'] as const
export type StepName = (typeof STEPS)[number]

export interface SetupState {
  own_password: boolean
  trunks: number
  numbers: number
  extensions: number
  users: number
  queues: number
  calendars: number
  flows: number
  language: string
  timezone: string
  /** From the server's next start on. */
  timezone_next: string
  timezone_by: 'file' | 'page' | 'nobody'
  time: string
  host: string
  doors: { transport: string; port: number }[]
}

export type Values = Record<string, string | number>

export interface Finding {
  part: string
  verdict: 'good' | 'note' | 'bad' | 'skipped'
  code: string
  values: Values
}

export interface TrunkTest {
  trunk: string
  at: string
  ok: boolean
  findings: Finding[]
}

export interface TestCall {
  trunk: string
  number: string
  dialled: string
  state: 'dialling' | 'ringing' | 'answered' | 'over' | 'refused'
  code: string
  status: number
  words: string
  heard: boolean
}

export interface CallStep {
  step: string
  state: 'waiting' | 'good' | 'bad' | 'skipped'
  code: string
  values: Values
}

export interface CallTry {
  call: string
  at: string
  caller: string
  called: string
  trunk: string | null
  ended: boolean
  steps: CallStep[]
}

export interface TurnedAway {
  at: string
  source: string
  transport: string
  method: string
  user: string
  called: string
  why: string
  times: number
}

/** Every step is green, or does not apply. */
export const isWhole = (one: CallTry): boolean => one.steps.every(({ state }) => state === 'good' || state === 'skipped')

/** Where each cause is mended: a part of the administration, or a step of the set-up. */
export function mendedAt(code: string): { name: string; params: Record<string, string> } | null {
  const part: Record<string, string> = {
    flow_missing: 'flows',
    flow_failed: 'flows',
    channels_full: 'trunks',
    closed: 'calendars',
    no_members: 'queues',
    recording_off: 'queues',
    phone_busy: 'phones',
    phone_refused: 'phones',
    phone_unreachable: 'phones',
  }
  if (part[code]) return { name: 'admin', params: { part: part[code] } }
  if (code === 'number_unknown' || code === 'not_queued') return { name: 'setup', params: { part: 'number' } }
  if (code === 'phone_away') return { name: 'setup', params: { part: 'agent' } }
  return null
}
