/** Campaigns as the API has them (docs/api.md), and what the pages reckon with. Pure. */
export const MODES = ['preview', 'progressive'] as const
export const STATES = ['running', 'paused', 'stopped', 'finished'] as const
export const ENTRY_STATES = ['waiting', 'dialling', 'done', 'exhausted', 'skipped', 'invalid', 'do_not_call'] as const
export const RESULTS = [
  'answered',
  'busy',
  'no_answer',
  'switched_off',
  'machine',
  'refused',
  'abandoned',
  'failed',
  'put_off',
  'interrupted',
  'no_such_number',
  'wrong_number',
] as const
/** After which a number can be tried again. */
export const RETRIED = ['busy', 'no_answer', 'switched_off', 'machine', 'refused', 'abandoned', 'failed', 'put_off', 'interrupted'] as const
export const MEANINGS = ['done', 'again', 'do_not_call', 'wrong_number'] as const
export const WITHOUT_AGENT = ['queue', 'message'] as const
export const MACHINES = ['connect', 'hang_up'] as const

export type Mode = (typeof MODES)[number]
export type CampaignState = (typeof STATES)[number]
export type EntryState = (typeof ENTRY_STATES)[number]
export type Result = (typeof RESULTS)[number]
export type Meaning = (typeof MEANINGS)[number]
type Retry = Partial<Record<Result, number>>

/** ring, longest_wait, preview_seconds, retry: seconds; abandon_limit: a share, 0 to 0.2. */
export interface Plan {
  name: string
  queue: string
  mode: Mode
  priority: number
  calendar: string
  hours: string
  caller_id: string
  ring: number
  ratio: number
  abandon_limit: number
  abandon_of: number
  without_agent: (typeof WITHOUT_AGENT)[number]
  longest_wait: number
  message: string
  machines: (typeof MACHINES)[number]
  attempts: number
  attempts_a_day: number
  retry: Retry
  preview_seconds: number
  preview_dials: boolean
  meanings: Record<string, Meaning>
}

/** What a saved plan is, also in an answer that says what it has become meanwhile. */
export interface PlanKept extends Plan {
  id: number
  state: CampaignState
  created_at: string
  created_by: string
  changed_at: string
  changed_by: string
  version: number
}

/** doing: whether it calls now, or why not. calling: how many are shown, rung or spoken with. */
export interface Campaign extends PlanKept {
  doing: string
  calling: number
  states: Partial<Record<EntryState, number>>
}

export interface Entry {
  id: number
  campaign: number
  number: string
  name: string
  customer: number | null
  priority: number
  fields: Record<string, string>
  state: EntryState
  result: Result | ''
  attempts: number
  due: string
  agreed: boolean
  call: string | null
  changed_at: string
  changed_by: string
}

export interface Attempt {
  id: number
  at: string
  by: string
  call: string
  ended_at: string | null
  result: Result | ''
  agent: string | null
  without_agent: boolean
  disposition: string
}

export interface Results {
  entries: number
  states: Partial<Record<EntryState, number>>
  attempts: number
  results: Partial<Record<Result, number>>
  dispositions: Record<string, number>
  answered: number
  abandoned: number
  abandoned_share: number | null
  agents: { agent: string; attempts: number; answered: number }[]
}

/** What became of rows that were added. row: as they were sent, from 1. */
export interface Loaded {
  added: number
  doubles: number
  do_not_call: number
  faulty: number
  faults: { row: number; reason: string }[]
}

export interface Choices {
  queues: { name: string; title: string; dispositions: { code: string; title: string }[] }[]
  calendars: string[]
  caller_ids: string[]
}

export interface Row {
  number: string
  name: string
  fields: Record<string, string>
}

export interface DoNotCall {
  number: string
  why: string
  by: string
  at: string
}

export interface Shown {
  agent: string
  campaign: number
  title: string
  queue: string
  entry: number
  number: string
  name: string
  customer: number | null
  fields: Record<string, string>
  attempts: number
  until: string
  dials: boolean
}

export function newPlan(): Plan {
  return {
    name: '',
    queue: '',
    mode: 'preview',
    priority: 0,
    calendar: '',
    hours: '09:00-20:00',
    caller_id: '',
    ring: 30,
    ratio: 1,
    abandon_limit: 0.03,
    abandon_of: 100,
    without_agent: 'queue',
    longest_wait: 30,
    message: '',
    machines: 'connect',
    attempts: 3,
    attempts_a_day: 2,
    retry: { busy: 600, no_answer: 3600, switched_off: 3600, machine: 7200, abandoned: 3600, failed: 300, put_off: 300, interrupted: 600 },
    preview_seconds: 60,
    preview_dials: false,
    meanings: {},
  }
}

/** The plan alone, to be filled in. */
export function planOf(kept: PlanKept): Plan {
  const plan = newPlan()
  for (const name of Object.keys(plan) as (keyof Plan)[]) Object.assign(plan, { [name]: kept[name] })
  return { ...plan, retry: { ...kept.retry }, meanings: { ...kept.meanings } }
}

/** Which lines of the plan are others there. */
export function differing(mine: Plan, theirs: Plan): (keyof Plan)[] {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, one: unknown) => (one && typeof one === 'object' ? Object.fromEntries(Object.entries(one).sort()) : one))
  return (Object.keys(mine) as (keyof Plan)[]).filter((name) => text(mine[name]) !== text(theirs[name]))
}

/** How far a list is: entries in all, and those to which nothing more is to come. */
export function progress(states: Campaign['states']): { all: number; over: number } {
  const all = Object.values(states).reduce((sum, many) => sum + many, 0)
  return { all, over: all - (states.waiting ?? 0) - (states.dialling ?? 0) }
}

/** What can be asked of it, by its state. */
export function orders(state: CampaignState): ('start' | 'pause' | 'stop')[] {
  if (state === 'running') return ['pause', 'stop']
  return state === 'paused' ? ['start', 'stop'] : ['start']
}
