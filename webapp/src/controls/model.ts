/** Who is in a call, and the office's phone book, as the server tells them (docs/api.md). */
import type { AgentState } from '../model'

export type Control =
  | 'answer'
  | 'hang_up'
  | 'hold'
  | 'resume'
  | 'mute'
  | 'keys'
  | 'transfer'
  | 'consult'
  | 'toggle'
  | 'complete'
  | 'conference'
  | 'back'
  | 'add'
  | 'park'
  | 'record'
  | 'record_no_more'
  | 'pause'
  | 'parties'

/** hears: ids of whom they hear now. can: of an agent, what they may do with the call now. */
export interface Person {
  id: number
  number: string
  agent: string | null
  name: string
  caller: boolean
  state: 'ringing' | 'talking' | 'holding' | 'waiting'
  muted: boolean
  hears: number[]
  can: Control[]
}

export interface ConsultNow {
  number: string
  queue: string | null
  agent: string | null
  state: 'ringing' | 'talking' | 'held'
}

export type EntryState = AgentState | 'open' | 'closed' | 'full' | 'nobody'

export interface BookEntry {
  kind: 'agent' | 'extension' | 'queue' | 'flow'
  name: string
  title: string
  number: string
  department: string
  teams: string[]
  state: EntryState
  reason: string
  since: string | null
  /** It can be rung, or led to, now. */
  reachable: boolean
  waiting: number
  free: number
}

/** What can be chosen: somebody of the book, a customer's number, or what was typed. */
export interface Choice {
  kind: BookEntry['kind'] | 'customer' | 'number'
  key: string
  title: string
  number: string
  entry: BookEntry | null
}

/** A call that waits at a slot, to be fetched from any phone. */
export interface ParkedCall {
  slot: string
  call: string
  caller: string
  by: string | null
  number: string
  since: string
}

export interface Disposition {
  code: string
  title: string
}

/** To what the dialog chooses somebody. */
export type Purpose = 'transfer' | 'consult' | 'add'

/** Whom an order names. */
export interface Whom {
  number?: string
  agent?: string
  queue?: string
  flow?: string
}
