/** What the pages ask about custom fields. */
import { ask, queryText } from '../api'
import type { Listing } from '../model'
import type { CustomField, FieldKind, FieldTarget, FieldTerms, NewField } from './model'

export type RecordTarget = Exclude<FieldTarget, 'customer' | 'user'>
/** What of a record is enough to tell it from others. */
export interface Referred {
  id: number
  number: string
  name: string
}
const PATHS: Record<RecordTarget, string> = {
  consultation: '/consultations',
  complaint: '/complaints',
  follow_up: '/follow-ups',
  appointment: '/appointments',
}

export const fieldsApi = {
  all: (kind?: FieldKind) => ask<Listing<CustomField>>('GET', `/custom-fields${queryText(kind ? { kind } : {})}`),
  create: ({ retired: _, ...field }: NewField) => ask<CustomField>('POST', '/custom-fields', field),
  change: (id: number, terms: FieldTerms, version: number) =>
    ask<CustomField>('PUT', `/custom-fields/${id}`, { ...terms, version }),
  /** A record that is referred to, if one may see it. */
  async referred(target: RecordTarget, id: number): Promise<Referred> {
    const found = await ask<Referred | { complaint: Referred }>('GET', `${PATHS[target]}/${id}`)
    return 'complaint' in found ? found.complaint : found
  },
  findReferred: (target: RecordTarget, text: string) =>
    ask<Listing<Referred>>('GET', `${PATHS[target]}${queryText({ text, limit: 8 })}`),
  order: (kind: FieldKind, fields: number[]) =>
    ask<Listing<CustomField>>('PUT', '/custom-fields/order', { kind, fields }),
  /** Nothing: it is gone; else it is retired. */
  remove: (id: number) => ask<CustomField | undefined>('DELETE', `/custom-fields/${id}`),
}
