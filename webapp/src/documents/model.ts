import type { Customer } from '../model'

/** Files of records, as the API gives them (docs/api.md). */
export type RecordKind = 'customer' | 'consultation' | 'complaint' | 'follow_up' | 'appointment' | 'call'

export interface Attachment {
  id: number
  kind: RecordKind
  record: string
  name: string
  octets: number
  /** What its octets say that it is. */
  type: string
  sha256: string
  at: string
  by: string
}

export interface AttachmentList {
  items: Attachment[]
  total: number
  most_octets: number
}

export const TIMELINE_KINDS = [
  'call',
  'voicemail',
  'callback',
  'survey',
  'consultation',
  'complaint',
  'follow_up',
  'appointment',
  'duty',
  'message',
  'file',
  'proposal',
  'posting',
  'change',
] as const
export type TimelineKind = (typeof TIMELINE_KINDS)[number]

export interface TimelineEntry {
  at: string
  kind: TimelineKind
  id: string
  by: string
  text: string
  details: Record<string, unknown>
}

export interface TimelinePage {
  items: TimelineEntry[]
  /** What `after` is for the next page; null: this is the last one. */
  next: string | null
}

/** Customers who may be one and the same: why, and what they share. */
export interface Doubles {
  reasons: string[]
  shared: string[]
  customers: Customer[]
}

export interface Binned {
  id: number
  name: string
  phones: string[]
  removed_at: string
  removed_by: string
  reason: string
  merged_into: number | null
  merge: number | null
  /** When they are erased by themselves; null: never. */
  until: string | null
  version: number
}
