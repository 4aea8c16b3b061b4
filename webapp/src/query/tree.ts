/**
 * A query while it is being built. Every part has a key of its own, so that the page keeps what is typed where it is;
 * what the server gets is made of it, and it of what is kept.
 */
import type { Condition, Group, Node, Op, Period, QueryField, Related, Span, Unit, Value } from './model'

export interface DraftSpan {
  way: Period | 'last' | 'next' | 'range'
  number: number
  unit: Unit
  since: string
  until: string
}

export interface DraftCondition {
  key: number
  part: 'condition'
  field: string
  op: Op
  negated: boolean
  text: string
  codes: string[]
  yes: boolean
  least: string
  most: string
  span: DraftSpan
}

export interface DraftGroup {
  key: number
  part: 'group'
  group: 'all' | 'any' | 'none'
  of: Draft[]
}

export interface DraftRelated {
  key: number
  part: 'related'
  related: string
  compare: 'at_least' | 'at_most' | 'none'
  number: number
  where: DraftGroup
}

export type Draft = DraftCondition | DraftGroup | DraftRelated

let last = 0
function newKey(): number {
  last += 1
  return last
}

/** Of fields whose values are chosen from a list, several of them. */
export const hasCodes = (field: QueryField): boolean => field.type === 'choice' || field.type === 'user'

export function newSpan(): DraftSpan {
  return { way: 'last', number: 30, unit: 'day', since: '', until: '' }
}

export function newCondition(field?: QueryField): DraftCondition {
  const op = field?.operators[0] ?? 'contains'
  const values = { text: '', codes: [], yes: true, least: '', most: '' }
  return { key: newKey(), part: 'condition', field: field?.name ?? '', op, negated: false, ...values, span: newSpan() }
}

export function newGroup(group: DraftGroup['group'] = 'all', of: Draft[] = []): DraftGroup {
  return { key: newKey(), part: 'group', group, of }
}

export function newRelated(related: string): DraftRelated {
  return { key: newKey(), part: 'related', related, compare: 'at_least', number: 1, where: newGroup() }
}

// ---- for the server -------------------------------------------------------------------------------------------

type Fields = (kind: string) => readonly QueryField[]

/** The tree, or null where nothing is asked. `missing` gets the keys of what is not filled in. */
export function nodeOf(draft: Draft, kind: string, fields: Fields, missing: Set<number>): Node | null {
  if (draft.part === 'condition') return conditionOf(draft, kind, fields, missing)
  if (draft.part === 'group') {
    const of = draft.of.map((part) => nodeOf(part, kind, fields, missing)).filter((part) => part !== null)
    return of.length ? { group: draft.group, of } : null
  }
  const where = nodeOf(draft.where, draft.related, fields, missing)
  const counts = { at_least: { at_least: draft.number }, at_most: { at_most: draft.number }, none: { at_most: 0 } }
  return { related: draft.related, where, ...counts[draft.compare] }
}

function conditionOf(draft: DraftCondition, kind: string, fields: Fields, missing: Set<number>): Condition | null {
  const field = fields(kind).find((one) => one.name === draft.field)
  const asked: Condition = { field: draft.field, op: draft.op, negated: draft.negated }
  const given = field ? valuesOf(draft, field) : null
  if (given === null) missing.add(draft.key)
  return given === null ? null : { ...asked, ...given }
}

function valuesOf(draft: DraftCondition, field: QueryField): Partial<Condition> | null {
  switch (draft.op) {
    case 'filled':
      return {}
    case 'within': {
      const span = spanOf(draft.span)
      return span && { span }
    }
    case 'between': {
      const [least, most] = [bound(draft.least, field), bound(draft.most, field)]
      return least === null && most === null ? null : { least, most }
    }
    default:
      break
  }
  if (field.type === 'yes_no') return { values: [draft.yes] }
  if (hasCodes(field)) return draft.codes.length ? { values: [...draft.codes] } : null
  const value = field.type === 'number' ? bound(draft.text, field) : draft.text.trim() || null
  return value === null ? null : { values: [value] }
}

function bound(text: string, field: QueryField): number | string | null {
  const wanted = text.trim()
  if (!wanted) return null
  if (field.type !== 'number') return wanted
  const number = Number(wanted)
  return Number.isFinite(number) ? number : null
}

function spanOf(draft: DraftSpan): Span | null {
  if (draft.way === 'last') return { last: draft.number, unit: draft.unit }
  if (draft.way === 'next') return { next: draft.number, unit: draft.unit }
  if (draft.way !== 'range') return { period: draft.way }
  const [since, until] = [moment(draft.since), moment(draft.until)]
  return since === null && until === null ? null : { since, until }
}

const moment = (local: string): string | null => {
  const at = local ? new Date(local) : null
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null
}

// ---- from what is kept ------------------------------------------------------------------------------------------

export function draftOf(node: Node | null | undefined): DraftGroup {
  if (!node) return newGroup()
  const draft = partOf(node)
  return draft.part === 'group' ? draft : newGroup('all', [draft])
}

function partOf(node: Node): Draft {
  if ('group' in node) return groupOf(node)
  if ('related' in node) return relatedOf(node)
  const draft = { ...newCondition(), field: node.field, op: node.op, negated: node.negated ?? false }
  const values: Value[] = node.values ?? []
  draft.text = values.length && typeof values[0] !== 'boolean' ? String(values[0]) : ''
  draft.codes = values.map(String)
  draft.yes = values[0] !== false
  draft.least = String(node.least ?? '')
  draft.most = String(node.most ?? '')
  if (node.span) draft.span = draftSpan(node.span)
  return draft
}

function groupOf(node: Group): DraftGroup {
  return newGroup(node.group, node.of.map(partOf))
}

function relatedOf(node: Related): DraftRelated {
  const most = node.at_most ?? null
  const compare = most === null ? 'at_least' : most === 0 ? 'none' : 'at_most'
  const number = node.at_least ?? (most || 1)
  return { ...newRelated(node.related), compare, number, where: draftOf(node.where) }
}

function draftSpan(span: Span): DraftSpan {
  const draft = { ...newSpan(), unit: span.unit ?? 'day' }
  if (span.period) return { ...draft, way: span.period }
  if (span.last) return { ...draft, way: 'last', number: span.last }
  if (span.next) return { ...draft, way: 'next', number: span.next }
  return { ...draft, way: 'range', since: local(span.since), until: local(span.until) }
}

/** As an input of the browser has it: 2026-11-27T09:00. */
function local(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
