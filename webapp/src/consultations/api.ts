/** What the pages ask about consultations. */
import { ask, make, queryText } from '../api'
import type { Listing } from '../model'
import type { Consultation, ConsultationCount, ConsultationFields } from './model'

export interface ConsultationConditions {
  since?: string
  until?: string
  category?: string
  channel?: string
  agent?: string
  customer?: number
  text?: string
}

export const consultationsApi = {
  list: (conditions: ConsultationConditions & { limit: number; offset: number }) =>
    ask<Listing<Consultation>>('GET', `/consultations${queryText({ ...conditions })}`),
  totals: (conditions: ConsultationConditions) =>
    ask<{ items: ConsultationCount[]; total: number }>('GET', `/consultations/totals${queryText({ ...conditions })}`),
  one: (id: number) => ask<Consultation>('GET', `/consultations/${id}`),
  create: (fields: ConsultationFields, key: string) => make<Consultation>('/consultations', fields, key),
  /** version: the one that was read; another by now is a 409 with what is now. */
  change: (id: number, fields: ConsultationFields, version: number) =>
    ask<Consultation>('PUT', `/consultations/${id}`, { ...fields, version }),
}
