/** What the pages ask about appraisals. */
import { ask, queryText } from '../api'
import type { Listing } from '../model'
import type {
  Answers, Appraisal, By, Calibration, CalibrationWhole, Counts, Drawing, Plan, Results, Template, TemplateTerms, Whole,
} from './model'

type Wanted = Record<string, string | number | null | undefined>
const path = (id: number, verb = ''): string => `/appraisals/${id}${verb}`

export const qualityApi = {
  list: (wanted: Wanted) => ask<Listing<Appraisal>>('GET', `/appraisals${queryText(wanted)}`),
  counts: () => ask<Counts>('GET', '/appraisals/counts'),
  one: (id: number) => ask<Whole>('GET', path(id)),
  begin: (call: string, template: number) => ask<Appraisal>('POST', '/appraisals', { call, template }),
  save: (id: number, version: number, answers: Answers, summary: string) =>
    ask<Appraisal>('PUT', path(id), { version, answers, summary }),
  submit: (id: number, version: number, answers: Answers, summary: string) =>
    ask<Whole>('POST', path(id, '/submit'), { version, answers, summary }),
  act: (id: number, verb: string, body: Record<string, unknown>) => ask<unknown>('POST', path(id, `/${verb}`), body),
  templates: () => ask<Listing<Template>>('GET', '/appraisal-templates'),
  createTemplate: (terms: TemplateTerms) => ask<Template>('POST', '/appraisal-templates', terms),
  changeTemplate: (id: number, version: number, terms: TemplateTerms) =>
    ask<Template>('PUT', `/appraisal-templates/${id}`, { ...terms, version }),
  plans: () => ask<Listing<{ plan: Plan; last: Drawing | null }>>('GET', '/appraisal-plans'),
  createPlan: (plan: Omit<Plan, 'id' | 'version'>) => ask<Plan>('POST', '/appraisal-plans', plan),
  changePlan: (id: number, version: number, plan: Omit<Plan, 'id' | 'version'>) =>
    ask<Plan>('PUT', `/appraisal-plans/${id}`, { ...plan, version }),
  draw: (id: number) => ask<Drawing>('POST', `/appraisal-plans/${id}/draw`, {}),
  drawings: (id: number) => ask<Listing<Drawing>>('GET', `/appraisal-plans/${id}/drawings`),
  results: (by: By, wanted: Wanted) => ask<Results>('GET', `/appraisals/results${queryText({ by, ...wanted })}`),
  exported: (by: By, format: 'xlsx' | 'csv', wanted: Wanted) =>
    `/api/v1/appraisals/results/export${queryText({ by, format, ...wanted })}`,
  calibrations: () => ask<Listing<Calibration>>('GET', '/calibrations'),
  calibration: (id: number) => ask<CalibrationWhole>('GET', `/calibrations/${id}`),
  calibrate: (wanted: { title: string; call: string; template: number; appraisers: string[] }) =>
    ask<Calibration>('POST', '/calibrations', wanted),
}
