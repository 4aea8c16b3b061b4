/** Queries as the API has them (docs/api.md). */
export type FieldType = 'text' | 'any_text' | 'phone' | 'number' | 'moment' | 'date' | 'choice' | 'user' | 'yes_no'
export type Op = 'is' | 'contains' | 'starts' | 'between' | 'within' | 'all_of' | 'filled'
export type Value = string | number | boolean
export type Shared = 'nobody' | 'team' | 'all'

export interface QueryKind {
  name: string
  chinese: string
  english: string
  related: string[]
}

export interface QueryField {
  name: string
  type: FieldType
  chinese: string
  english: string
  operators: Op[]
  several: boolean
  dictionary: string
  codes: string[]
  choices: { code: string; chinese: string; english: string; retired: boolean }[]
  sorts: boolean
  groups: boolean
  shows: boolean
}

export interface KindFields {
  items: QueryField[]
  total: number
  columns: string[]
}

export const PERIODS = [
  'today',
  'yesterday',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
  'this_quarter',
  'last_quarter',
  'this_year',
  'last_year',
] as const
export type Period = (typeof PERIODS)[number]
export const UNITS = ['minute', 'hour', 'day', 'week', 'month'] as const
export type Unit = (typeof UNITS)[number]

export interface Span {
  since?: string | null
  until?: string | null
  period?: Period | null
  last?: number | null
  next?: number | null
  unit?: Unit
}

export interface Condition {
  field: string
  op: Op
  negated?: boolean
  values?: Value[]
  least?: number | string | null
  most?: number | string | null
  span?: Span | null
}

export interface Group {
  group: 'all' | 'any' | 'none'
  of: Node[]
}

export interface Related {
  related: string
  where?: Node | null
  at_least?: number | null
  at_most?: number | null
}

export type Node = Condition | Group | Related

export const STEPS = ['day', 'week', 'month', 'quarter', 'year'] as const
export type Step = (typeof STEPS)[number]
export const FIGURES = ['sum', 'average', 'least', 'most'] as const

export interface Grouping {
  by: { field: string; step?: Step | null }[]
  figures?: { what: (typeof FIGURES)[number]; field: string }[]
  order?: 'key' | 'count'
}

export interface Query {
  kind: string
  where?: Node | null
  columns?: string[]
  sort?: { field: string; descending?: boolean }[]
  group?: Grouping | null
  limit?: number
  offset?: number
}

export type Cell = Value | Value[] | null

export interface GroupRow {
  keys: Cell[]
  count: number
  figures: (number | null)[]
}

export interface Answered {
  columns: string[]
  items: { id: number | string; values: Cell[] }[]
  groups: GroupRow[]
  total: number
  whole: GroupRow | null
}

export interface SavedQuery {
  id: number
  name: string
  query: Query
  owner: string
  shared: Shared
  team: string
  changed_at: string
  version: number
}

export interface Kept {
  name: string
  query: Query
  shared: Shared
  team: string
}
