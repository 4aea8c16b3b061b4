/** What the pages ask about custom fields. */
import { ask, queryText } from '../api'
import type { Listing } from '../model'
import type { CustomField, FieldKind, FieldTerms, NewField } from './model'

export const fieldsApi = {
  all: (kind?: FieldKind) => ask<Listing<CustomField>>('GET', `/custom-fields${queryText(kind ? { kind } : {})}`),
  create: ({ retired: _, ...field }: NewField) => ask<CustomField>('POST', '/custom-fields', field),
  change: (id: number, terms: FieldTerms, version: number) =>
    ask<CustomField>('PUT', `/custom-fields/${id}`, { ...terms, version }),
  order: (kind: FieldKind, fields: number[]) =>
    ask<Listing<CustomField>>('PUT', '/custom-fields/order', { kind, fields }),
  /** Nothing: it is gone; else it is retired. */
  remove: (id: number) => ask<CustomField | undefined>('DELETE', `/custom-fields/${id}`),
}
