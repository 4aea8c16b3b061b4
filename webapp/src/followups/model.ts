/** Follow-ups and the rules that draw them, as the API has them. */
import type { FieldValues } from '../fields/model'
import type { DictionaryName } from '../model'
import type { Node } from '../query/model'

export interface FollowUpFields {
  customer: number | null
  call: string | null
  phone: string
  card: string
  name: string
  sex: string
  category: string
  channel: string
  /** null: not asked. */
  gifts_by_mail: boolean | null
  content: string
  fields: FieldValues
}

export const STATES = ['open', 'not_reached', 'done', 'cancelled'] as const
export type FollowUpState = (typeof STATES)[number]

export interface FollowUp extends FollowUpFields {
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
  state: FollowUpState
  result: string
  /** In vain. */
  tries: number
  most_tries: number
  again_minutes: number
  next_call: string | null
  due: string | null
  done_at: string | null
  done_by: string
  duty: number | null
  /** That drew it; null: a person wrote it down. */
  rule: number | null
}

/** What of it may be written and changed, in the order of the form. */
export const WRITTEN = ['category', 'channel', 'name', 'sex', 'phone', 'card', 'content'] as const
export type Written = (typeof WRITTEN)[number]
/** Fields, and the dictionaries that their values are from. */
export const DICTIONARY_OF: Partial<Record<Written, DictionaryName>> = {
  category: 'follow_up_category',
  channel: 'channel',
  sex: 'sex',
}

export const empty = (): FollowUpFields => ({
  customer: null,
  call: null,
  phone: '',
  card: '',
  name: '',
  sex: '',
  category: '',
  channel: '',
  gifts_by_mail: null,
  content: '',
  fields: {},
})

/** What somebody still owes. */
export const isOwed = (one: Pick<FollowUp, 'state'>): boolean => one.state === 'open' || one.state === 'not_reached'

/** How an eye sorts them: past, due by the end of today, later, over. now: milliseconds of the server's clock. */
export function lateness(one: Pick<FollowUp, 'state' | 'due'>, now: number): 'overdue' | 'soon' | 'open' | 'closed' {
  if (!isOwed(one)) return 'closed'
  if (!one.due) return 'open'
  const due = Date.parse(one.due)
  if (due <= now) return 'overdue'
  return new Date(due).toDateString() === new Date(now).toDateString() ? 'soon' : 'open'
}

// ---- statistics -----------------------------------------------------------------------------------------------

export const KEYS = ['person', 'category', 'result', 'channel', 'rule', 'day', 'week', 'month'] as const
export type Key = (typeof KEYS)[number]

export interface FollowUpCount {
  key: string
  across: string
  done: number
  late: number
  tries: number
}

export interface Statistics {
  since: string
  until: string
  items: FollowUpCount[]
  total: number
  late: number
  tries: number
}

export interface StatisticsRow {
  key: string
  done: number
  late: number
  tries: number
  /** In the order of the columns. */
  cells: number[]
}

/** Counts as a table: keys down, across to the right, each where it first stands. */
export function table(items: readonly FollowUpCount[]): { columns: string[]; rows: StatisticsRow[] } {
  const columns = [...new Set(items.map(({ across }) => across))].sort()
  const rows = new Map<string, StatisticsRow>()
  for (const one of items) {
    const row = rows.get(one.key) ?? { key: one.key, done: 0, late: 0, tries: 0, cells: columns.map(() => 0) }
    row.done += one.done
    row.late += one.late
    row.tries += one.tries
    row.cells[columns.indexOf(one.across)] = one.done
    rows.set(one.key, row)
  }
  return { columns, rows: [...rows.values()] }
}

// ---- rules ----------------------------------------------------------------------------------------------------

export const PAST = ['created_at', 'changed_at', 'last_call', 'last_consultation', 'complaint_closed'] as const
export const DEALS = ['even', 'load', 'owner', 'team'] as const
export const LEFT_OUT = ['drawn', 'owed', 'recent', 'no_number', 'do_not_call', 'full', 'gone'] as const

export interface RuleTerms {
  chinese: string
  english: string
  active: boolean
  category: string
  /** One of PAST, x_ and a custom field's name, or '': every day anew whom the conditions find. */
  date_field: string
  /** From that day to the one of the drawing; negative: before it. */
  days: number
  where: Node | null
  query: number | null
  team: string
  deal: (typeof DEALS)[number]
  due_days: number
  channel: string
  content: string
  most: number
  again_days: number
  hour: number
  catch_up: number
  most_tries: number
  again_minutes: number
}

export interface FollowUpRule extends RuleTerms {
  id: number
  since: string | null
  created_at: string
  created_by: string
  changed_at: string
  changed_by: string
  version: number
}

export interface Drawing {
  id: number
  rule: number
  day: string
  by: string
  started_at: string
  finished_at: string | null
  found: number
  drawn: number
  left_out: Record<string, number>
  fault: string
}

/** To whom follow-ups can be dealt. */
export interface Department {
  name: string
  title: string
}

export interface RuleTold {
  rule: FollowUpRule
  last: Drawing | null
}

export interface Preview {
  day: string
  found: number
  drawn: number
  left_out: Record<string, number>
  items: { candidate: { customer: number; day: string; name: string; phone: string; owner: string }; owner: string }[]
}

export const newRule = (): RuleTerms => ({
  chinese: '',
  english: '',
  active: false,
  category: '',
  date_field: 'last_call',
  days: 7,
  where: null,
  query: null,
  team: '',
  deal: 'even',
  due_days: 2,
  channel: '',
  content: '',
  most: 50,
  again_days: 30,
  hour: 9,
  catch_up: 3,
  most_tries: 3,
  again_minutes: 240,
})

/** What of a rule is written, without what the server adds. */
export function termsOf(rule: FollowUpRule): RuleTerms {
  const names = Object.keys(newRule()) as (keyof RuleTerms)[]
  return JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, rule[name]])))) as RuleTerms
}

/** Three ways to say the interval, for whom a minus is a riddle. */
export type When = 'after' | 'on' | 'before'
export const whenOf = (days: number): When => (days > 0 ? 'after' : days < 0 ? 'before' : 'on')
export const daysOf = (when: When, count: number): number => (when === 'on' ? 0 : when === 'before' ? -count : count)
