/** What the query page asks the server. */
import { ask, send } from '../api'
import type { Listing } from '../model'
import type { Answered, Kept, KindFields, Query, QueryKind, SavedQuery } from './model'

export type Form = 'xlsx' | 'csv' | 'csv_gb18030'

export const queries = {
  kinds: () => ask<Listing<QueryKind>>('GET', '/query/kinds'),
  fields: (kind: string) => ask<KindFields>('GET', `/query/kinds/${encodeURIComponent(kind)}/fields`),
  run: (query: Query) => ask<Answered>('POST', '/query', query),
  saved: () => ask<Listing<SavedQuery> & { teams: string[] }>('GET', '/queries'),
  keep: (kept: Kept) => ask<SavedQuery>('POST', '/queries', kept),
  change: (id: number, kept: Kept & { version: number }) => ask<SavedQuery>('PUT', `/queries/${id}`, kept),
  forget: (id: number) => ask<void>('DELETE', `/queries/${id}`),
  /** The file's octets, in the page's language. */
  exported: async (query: Query, form: Form) =>
    (await send('POST', '/query/export', 'application/json', JSON.stringify({ query, form }))).blob(),
}
