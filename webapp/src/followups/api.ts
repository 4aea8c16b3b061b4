/** What the pages ask about follow-ups and their rules. */
import { ask, make, queryText } from '../api'
import type { Listing } from '../model'
import type { Department, Drawing, FollowUp, FollowUpFields, FollowUpRule, Key, Preview, RuleTerms, RuleTold, Statistics } from './model'

export interface FollowUpConditions {
  owed?: string
  due?: string
  owner?: string
  state?: string
  category?: string
  channel?: string
  result?: string
  rule?: string
  customer?: number
  since?: string
  until?: string
  text?: string
}

export interface StatisticsConditions {
  by: Key
  across?: Key | ''
  since?: string
  until?: string
  category?: string
  channel?: string
  person?: string
}

export interface Came {
  result: string
  content: string
  category: string
  gifts_by_mail: boolean | null
  next_call: string | null
}

export const followUpsApi = {
  list: (conditions: FollowUpConditions & { limit: number; offset: number }) =>
    ask<Listing<FollowUp>>('GET', `/follow-ups${queryText({ ...conditions })}`),
  one: (id: number) => ask<FollowUp>('GET', `/follow-ups/${id}`),
  create: (fields: FollowUpFields & { due: string | null }, key: string) => make<FollowUp>('/follow-ups', fields, key),
  /** version: the one that was read; another by now is a 409 with what is now. */
  change: (id: number, { call: _, ...fields }: FollowUpFields, version: number) =>
    ask<FollowUp>('PUT', `/follow-ups/${id}`, { ...fields, version }),
  dial: (id: number) => ask<{ call: string }>('POST', `/follow-ups/${id}/call`, {}),
  done: (id: number, version: number, came: Came) => ask<FollowUp>('POST', `/follow-ups/${id}/done`, { version, ...came }),
  notReached: (id: number, version: number, text: string, next_call: string | null) =>
    ask<FollowUp>('POST', `/follow-ups/${id}/not-reached`, { version, text, next_call }),
  later: (id: number, version: number, text: string, next_call: string) =>
    ask<FollowUp>('POST', `/follow-ups/${id}/later`, { version, text, next_call }),
  assign: (id: number, version: number, owner: string, text: string) =>
    ask<FollowUp>('POST', `/follow-ups/${id}/assign`, { version, owner, text }),
  cancel: (id: number, version: number, text: string) =>
    ask<FollowUp>('POST', `/follow-ups/${id}/cancel`, { version, text }),
  statistics: (conditions: StatisticsConditions) =>
    ask<Statistics>('GET', `/follow-ups/statistics${queryText({ ...conditions })}`),
  workbook: (conditions: StatisticsConditions, lang: string): string =>
    `/api/v1/follow-ups/statistics/export${queryText({ ...conditions, lang })}`,
  ruleNames: () => ask<Listing<{ id: number; chinese: string; english: string }>>('GET', '/follow-up-rules/names'),
  rules: () => ask<Listing<RuleTold> & { teams: Department[] }>('GET', '/follow-up-rules'),
  addRule: (terms: RuleTerms) => ask<FollowUpRule>('POST', '/follow-up-rules', terms),
  changeRule: (id: number, terms: RuleTerms, version: number) =>
    ask<FollowUpRule>('PUT', `/follow-up-rules/${id}`, { ...terms, version }),
  removeRule: (id: number, version: number) => ask<void>('DELETE', `/follow-up-rules/${id}?version=${version}`),
  preview: (terms: RuleTerms, rule: number | null) =>
    ask<Preview>('POST', '/follow-up-rules/preview', { ...terms, rule }),
  draw: (id: number) => ask<Drawing>('POST', `/follow-up-rules/${id}/draw`, {}),
  drawings: (id: number) => ask<Listing<Drawing>>('GET', `/follow-up-rules/${id}/drawings?limit=50`),
}
