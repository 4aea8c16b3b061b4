/** What the pages ask about recordings. Their sound and picture are in ../api. */
import { ask, queryText, type CallConditions } from '../api'
import type { Listing } from '../model'
import type { Batch, LinkAsked, RecordingFound, RecordingLink, RecordingNote } from './model'

export interface RecordingConditions extends CallConditions {
  disposition?: string
  least?: number
  most?: number
  tag?: string
  notes?: string
}

const of = (id: string): string => `/recordings/${encodeURIComponent(id)}`

export const recordingsApi = {
  list: (conditions: RecordingConditions) => ask<Listing<RecordingFound>>('GET', `/recordings${queryText({ ...conditions })}`),
  one: (id: string) => ask<RecordingFound>('GET', `${of(id)}/details`),
  knownTags: () => ask<Listing<string>>('GET', '/recordings/tags'),
  /** One's own phone is rung, and plays it from that second on. */
  replay: (id: string, begin: number) => ask<void>('POST', `${of(id)}/replay`, { begin }),
  tag: (id: string, tags: string[]) => ask<Listing<string>>('PUT', `${of(id)}/tags`, { tags }),
  notes: (id: string) => ask<Listing<RecordingNote>>('GET', `${of(id)}/notes`),
  addNote: (id: string, second: number, text: string) => ask<RecordingNote>('POST', `${of(id)}/notes`, { second, text }),
  removeNote: (id: string, note: number) => ask<void>('DELETE', `${of(id)}/notes/${note}`),
  links: (id: string) => ask<Listing<RecordingLink>>('GET', `${of(id)}/links`),
  /** address: with a secret, which is told only now. */
  share: (id: string, link: LinkAsked) => ask<{ link: RecordingLink; address: string }>('POST', `${of(id)}/links`, link),
  revoke: (id: string, link: number) => ask<void>('POST', `${of(id)}/links/${link}/revoke`, {}),
  batches: () => ask<Listing<Batch>>('GET', '/recording-batches'),
  /** Chosen ones, or all that is found. */
  download: (wanted: { ids: string[] } | { search: RecordingConditions }) => ask<Batch>('POST', '/recording-batches', wanted),
  endBatch: (id: number) => ask<void>('DELETE', `/recording-batches/${id}`),
  batchFile: (id: number): string => `/api/v1/recording-batches/${id}/file`,
  remove: (id: string, reason: string) => ask<void>('POST', `${of(id)}/remove`, { reason }),
}
