/** The chain of evidence (docs/api.md). */
import { ask } from '../api'

export interface Link {
  seq: number
  at: string
  kind: string
  ref: string
  hash: string
}

export interface Checked {
  at: string | null
  links: number
  breaks: { seq: number; kind: string; ref: string; what: 'link' | 'missing' | 'changed' }[]
  running: boolean
}

export interface EvidenceNow {
  head: Link | null
  anchors: { day: string; seq: number; hash: string }[]
  checked: Checked
}

export const evidence = {
  now: () => ask<EvidenceNow>('GET', '/evidence'),
  check: () => ask<Checked>('POST', '/evidence/check', {}),
  packAddress: (about: 'call' | 'duty' | 'customer' | 'complaint', id: string | number): string =>
    `/api/v1/evidence/pack?${about}=${encodeURIComponent(id)}`,
}
