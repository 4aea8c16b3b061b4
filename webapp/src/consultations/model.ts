/** Consultations as the API has them. */
import type { FieldValues } from '../fields/model'

export interface ConsultationFields {
  customer: number | null
  call: string | null
  phone: string
  card: string
  name: string
  sex: string
  category: string
  project_type: string
  project_number: string
  product_number: string
  channel: string
  note: string
  fields: FieldValues
}

export interface Consultation extends ConsultationFields {
  id: number
  number: string
  at: string
  owner: string
  team: string
  created_at: string
  created_by: string
  changed_at: string
  changed_by: string
  version: number
}

export interface ConsultationCount {
  category: string
  channel: string
  count: number
}

/** What a person fills in, in the order of the form. */
export const WRITTEN = [
  'category',
  'channel',
  'name',
  'sex',
  'phone',
  'card',
  'project_type',
  'project_number',
  'product_number',
  'note',
] as const
export type Written = (typeof WRITTEN)[number]
/** Fields, and the dictionaries that their values are from. */
export const DICTIONARY_OF: Partial<Record<Written, 'consultation_category' | 'channel' | 'sex'>> = {
  category: 'consultation_category',
  channel: 'channel',
  sex: 'sex',
}

export const empty = (): ConsultationFields => ({
  customer: null,
  call: null,
  phone: '',
  card: '',
  name: '',
  sex: '',
  category: '',
  project_type: '',
  project_number: '',
  product_number: '',
  channel: '',
  note: '',
  fields: {},
})

export interface CrossRow {
  code: string
  counts: number[]
  total: number
}

/**
 * Counts as a table: categories down, channels across, each in the order of its list; what the list does not know comes
 * after it, and what was not said last. Only what there is.
 */
export function cross(
  items: readonly ConsultationCount[],
  categories: readonly string[],
  channels: readonly string[],
): { channels: string[]; rows: CrossRow[]; sums: number[]; total: number } {
  const ordered = (list: readonly string[], found: Set<string>): string[] => {
    const unknown = [...found].filter((code) => code && !list.includes(code)).sort()
    return [...list.filter((code) => found.has(code)), ...unknown, ...(found.has('') ? [''] : [])]
  }
  const across = ordered(channels, new Set(items.map((item) => item.channel)))
  const rows = ordered(categories, new Set(items.map((item) => item.category))).map((code) => {
    const counts = across.map(
      (channel) => items.find((item) => item.category === code && item.channel === channel)?.count ?? 0,
    )
    return { code, counts, total: counts.reduce((sum, count) => sum + count, 0) }
  })
  const sums = across.map((_, n) => rows.reduce((sum, row) => sum + (row.counts[n] ?? 0), 0))
  return { channels: across, rows, sums, total: sums.reduce((sum, count) => sum + count, 0) }
}
