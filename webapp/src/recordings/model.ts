/** Recordings as the API has them. */
import type { Call } from '../model'

export interface RecordingFound {
  id: string
  call_id: string
  started_at: string
  seconds: number
  octets: number
  format: 'wav' | 'opus' | 'mp3'
  complete: boolean
  direction: Call['direction']
  caller: string
  called: string
  queue: string | null
  agent: string | null
  customer_id: number | null
  customer: string
  outcome: Call['outcome']
  disposition: string
  note: string
  tags: string[]
  notes: number
}

export interface RecordingNote {
  id: number
  recording: string
  second: number
  text: string
  at: string
  by: string
}

export interface RecordingLink {
  id: number
  recording: string
  purpose: string
  created_at: string
  created_by: string
  expires_at: string
  most_plays: number
  plays: number
  pin: boolean
  wrong_pins: number
  last_played_at: string | null
  revoked_at: string | null
  revoked_by: string
}

export interface LinkAsked {
  purpose: string
  hours: number
  most_plays: number
  pin: string
}

export interface Batch {
  id: number
  by: string
  at: string
  state: 'waiting' | 'running' | 'done' | 'failed' | 'expired'
  total: number
  done: number
  missing: number
  octets: number
  expires_at: string | null
  why: string
}

export const isUnderWay = (batch: Pick<Batch, 'state'>): boolean => batch.state === 'waiting' || batch.state === 'running'

/** 0 to 100. */
export const progressOf = (batch: Pick<Batch, 'done' | 'missing' | 'total'>): number =>
  batch.total ? Math.floor((100 * (batch.done + batch.missing)) / batch.total) : 0

export type LinkState = 'open' | 'revoked' | 'expired' | 'used'

/** now: milliseconds. */
export function linkState(link: Pick<RecordingLink, 'revoked_at' | 'expires_at' | 'plays' | 'most_plays'>, now: number): LinkState {
  if (link.revoked_at) return 'revoked'
  if (Date.parse(link.expires_at) <= now) return 'expired'
  return link.plays >= link.most_plays ? 'used' : 'open'
}

/** Lengths to choose from, and what they mean in seconds. */
export const LENGTHS = {
  short: { most: 30 },
  middle: { least: 30, most: 180 },
  long: { least: 180, most: 600 },
  longest: { least: 600 },
} as const
export type Length = keyof typeof LENGTHS

export const lengthAsked = (length: string): { least?: number; most?: number } =>
  Object.hasOwn(LENGTHS, length) ? { ...LENGTHS[length as Length] } : {}

/** The other party's number: whom an office called, or who called it. */
export const lineOf = (one: Pick<RecordingFound, 'direction' | 'caller' | 'called'>): string =>
  one.direction === 'outbound' ? one.called : one.caller

/** Notes that have every one of these words. */
export function notesWith<Note extends { text: string }>(notes: readonly Note[], words: string): Note[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return notes.filter((note) => wanted.every((word) => note.text.toLowerCase().includes(word)))
}
