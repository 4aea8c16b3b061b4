/** What the pages ask about complaints. */
import { ask, make, queryText } from '../api'
import type { Listing } from '../model'
import type {
  Complaint,
  ComplaintFields,
  ComplaintNow,
  KeptWorkflow,
  Means,
  StateCount,
  Workflow,
  WorkflowList,
} from './model'

export interface ComplaintConditions {
  kind?: string
  type?: string
  owner?: string
  team?: string
  open?: string
  overdue?: string
  text?: string
}

export const complaintsApi = {
  list: (conditions: ComplaintConditions & { state?: string; limit: number; offset: number }) =>
    ask<Listing<Complaint>>('GET', `/complaints${queryText({ ...conditions })}`),
  board: (conditions: ComplaintConditions) =>
    ask<{ items: StateCount[]; total: number; overdue: number }>('GET', `/complaints/board${queryText({ ...conditions })}`),
  earlier: (customer: number) => ask<Listing<Complaint>>('GET', `/customers/${customer}/complaints`),
  one: (id: number) => ask<ComplaintNow>('GET', `/complaints/${id}`),
  create: (fields: ComplaintFields, key: string) => make<Complaint>('/complaints', fields, key),
  /** version: the one that was read; another by now is a 409 with what is now. */
  correct: (id: number, fields: ComplaintFields, version: number) =>
    ask<Complaint>('PUT', `/complaints/${id}`, { ...fields, version }),
  move: (id: number, body: { version: number; move: string } & Record<string, unknown>) =>
    ask<ComplaintNow>('POST', `/complaints/${id}/move`, body),
  answer: (id: number, body: { version: number; means: Means; to: string; text: string }) =>
    ask<ComplaintNow>('POST', `/complaints/${id}/answer`, body),
  note: (id: number, text: string) => ask<void>('POST', `/complaints/${id}/note`, { text }),
  dial: (duty: number) => ask<{ call: string }>('POST', `/duties/${duty}/call`, {}),
  workflows: () => ask<WorkflowList>('GET', '/complaint-workflows'),
  putWorkflow: (type: string, version: number, workflow: Workflow) =>
    ask<KeptWorkflow>('PUT', `/complaint-workflows/${type || 'default'}`, { ...workflow, version }),
  removeWorkflow: (type: string, version: number) =>
    ask<void>('DELETE', `/complaint-workflows/${type}${queryText({ version })}`),
}
