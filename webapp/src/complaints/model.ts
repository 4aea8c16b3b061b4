/** Complaints, their states and workflows as the API has them. */
import type { FieldValues } from '../fields/model'

export type ComplaintKind = 'complaint' | 'suggestion'
export type Means = 'call' | 'email' | 'sms' | 'in_person'
export type Part = 'maker' | 'head' | 'person' | 'team'
export type Need = 'team' | 'person' | 'limit' | 'reason' | 'result' | 'satisfaction'

export interface ComplaintFields {
  customer: number | null
  call: string | null
  phone: string
  card: string
  name: string
  sex: string
  kind: ComplaintKind
  type: string
  project_number: string
  department_number: string
  person_number: string
  aspects: string[]
  reason: string
  note: string
  answer_by: Means | ''
  email: string
  fields: FieldValues
}

export interface Complaint extends ComplaintFields {
  id: number
  number: string
  at: string
  owner: string
  team: string
  queue: string
  created_at: string
  created_by: string
  changed_at: string
  changed_by: string
  version: number
  workflow: number
  state: string
  state_at: string
  due: string | null
  warn_at: string | null
  duty: number | null
  responsible: string
  stands: boolean | null
  result: string
  means: Means | ''
  satisfaction: string
  reopened: number
}

export interface ComplaintState {
  id: number
  at: string
  by: string
  kind: 'created' | 'moved' | 'corrected' | 'noted' | 'answering' | 'not_answered'
  state: string
  move: string
  text: string
  details: Record<string, string>
}

export interface Move {
  code: string
  chinese: string
  english: string
  to: string
  needs: Need[]
  also: Need[]
  stands: boolean | null
  answered: boolean
  reopens: boolean
}

export interface Step {
  code: string
  chinese: string
  english: string
  who: Part
  limit: number
  warn: number
  escalations: { minutes: number; to: string }[]
  corrects: boolean
  answers: boolean
  moves: Move[]
}

export interface Workflow {
  chinese: string
  english: string
  steps: Step[]
}

export interface KeptWorkflow {
  id: number
  type: string
  version: number
  workflow: Workflow
  created_at: string
  created_by: string
}

/** moves: codes of those that who asks can make now. */
export interface ComplaintNow {
  complaint: Complaint
  states: ComplaintState[]
  workflow: KeptWorkflow
  moves: string[]
  correctable: boolean
  answerable: boolean
}

export interface StateCount {
  state: string
  count: number
  overdue: number
}

export interface WorkflowList {
  items: KeptWorkflow[]
  total: number
  steps: { code: string; chinese: string; english: string }[]
  teams: { name: string; title: string }[]
}

/** Lines of the form, in its order. */
export const LINES = [
  'name',
  'sex',
  'phone',
  'card',
  'project_number',
  'department_number',
  'person_number',
  'email',
] as const
export const MEANS: readonly Means[] = ['call', 'email', 'sms', 'in_person']

export const empty = (): ComplaintFields => ({
  customer: null,
  call: null,
  phone: '',
  card: '',
  name: '',
  sex: '',
  kind: 'complaint',
  type: '',
  project_number: '',
  department_number: '',
  person_number: '',
  aspects: [],
  reason: '',
  note: '',
  answer_by: '',
  email: '',
  fields: {},
})

/** What a form has of one that is there. */
export function written(one: Complaint): ComplaintFields {
  return Object.fromEntries(
    Object.keys(empty()).map((name) => [name, one[name as keyof ComplaintFields]]),
  ) as unknown as ComplaintFields
}

/** overdue: past its time; soon: it is warned of by now, as its step has it. now: in milliseconds of the server's clock. */
export function lateness(one: Pick<Complaint, 'due' | 'warn_at'>, now: number): 'overdue' | 'soon' | 'open' | 'closed' {
  if (one.due === null) return 'closed'
  if (Date.parse(one.due) <= now) return 'overdue'
  return one.warn_at !== null && Date.parse(one.warn_at) <= now ? 'soon' : 'open'
}

export interface Stop {
  code: string
  state: 'done' | 'now' | 'ahead'
  at: string
  by: string
}

/**
 * The way of a complaint as a bar: the steps that it has been at, in the order of the workflow, with when it came there
 * last and who brought it; then those that may still come. One that it will not see any more is left out.
 */
export function way(now: ComplaintNow): Stop[] {
  const { complaint, states } = now
  const came = new Map<string, { at: string; by: string }>()
  for (const { kind, state, at, by } of states) {
    if (kind === 'created' || kind === 'moved') came.set(state, { at, by })
  }
  const steps = now.workflow.workflow.steps
  const here = steps.findIndex((step) => step.code === complaint.state)
  return steps.flatMap((step, n): Stop[] => {
    const known = came.get(step.code)
    if (n === here) return [{ code: step.code, state: 'now', at: known?.at ?? complaint.state_at, by: known?.by ?? '' }]
    if (n > here) return [{ code: step.code, state: 'ahead', at: '', by: '' }]
    return known ? [{ code: step.code, state: 'done', ...known }] : []
  })
}
