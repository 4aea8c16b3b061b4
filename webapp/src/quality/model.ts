/** What the server says of appraisals, and the arithmetic that a half-filled sheet shows. */
export interface Choice {
  chinese: string
  english: string
  points: number
}
export type QuestionKind = 'points' | 'yes_no' | 'choice'
export interface Question {
  id: string
  chinese: string
  english: string
  kind: QuestionKind
  points: number
  choices: Choice[]
  weight: number
  fatal: boolean
  optional: boolean
  comment_below: number
}
export interface Section {
  chinese: string
  english: string
  weight: number
  questions: Question[]
}
export interface TemplateTerms {
  chinese: string
  english: string
  active: boolean
  passing: number
  dispute_days: number
  sections: Section[]
}
export interface Template extends TemplateTerms {
  id: number
  version: number
  changed_at: string
  changed_by: string
}
export interface Given {
  points: number | null
  comment: string
  marks: number[]
}
export type Answers = Record<string, Given>
export type AppraisalState = 'open' | 'submitted' | 'agreed' | 'disputed' | 'upheld' | 'corrected' | 'cancelled'
export const STATES: readonly AppraisalState[] = ['open', 'submitted', 'agreed', 'disputed', 'upheld', 'corrected', 'cancelled']
export interface Appraisal {
  id: number
  call: string
  call_at: string
  seconds: number | null
  agent: string
  team: string
  queue: string
  recording: string | null
  template: number
  template_version: number
  plan: number | null
  calibration: number | null
  appraiser: string
  state: AppraisalState
  due: string | null
  answers: Answers
  summary: string
  score: number | null
  fatal: boolean
  passed: boolean | null
  scored_at: string | null
  version: number
}
export interface Score {
  id: number
  kind: 'submitted' | 'corrected'
  at: string
  by: string
  score: number
  fatal: string[]
  answers: Answers
  summary: string
}
export interface Step {
  id: number
  at: string
  by: string
  kind: string
  text: string
  details: Record<string, string>
}
export type Verb = 'score' | 'assign' | 'cancel' | 'agree' | 'answer' | 'dispute' | 'review'
export interface Whole {
  appraisal: Appraisal
  template: Template
  scores: Score[]
  steps: Step[]
  disputable_until: string | null
  may: Verb[]
}
export interface Counts {
  to_do: number
  disputed: number
  news: number
}
export interface Plan {
  id: number
  version: number
  chinese: string
  english: string
  active: boolean
  template: number
  per: 'week' | 'month'
  count: number
  queues: string[]
  teams: string[]
  agents: string[]
  direction: string | null
  outcome: string | null
  dispositions: string[]
  levels: string[]
  least_seconds: number
  most_seconds: number | null
  recorded: boolean
  appraisers: string[]
  hour: number
  due_days: number
}
export interface Drawing {
  id: number
  day: string
  by: string
  started_at: string
  finished_at: string | null
  found: number
  drawn: number
  left_out: Record<string, number>
  fault: string
}
export interface Worked {
  calls: number
  talk: number
  hold: number
  wrap_up: number | null
  aht: number | null
}
export interface Result {
  key: string
  chinese: string
  english: string
  count: number
  average: number | null
  low: number | null
  high: number | null
  passed: number
  fatal: number
  disputed: number
  corrected: number
  distribution: number[]
  trend: { of: string; count: number; average: number }[]
  worked: Worked | null
}
export interface Results {
  items: Result[]
  all: Result
}
export const BYS = ['agent', 'team', 'queue', 'template', 'question', 'appraiser', 'day', 'week', 'month'] as const
export type By = (typeof BYS)[number]
export interface Calibration {
  id: number
  title: string
  call: string
  agent: string
  template: number
  appraisers: string[]
  created_at: string
}
export interface Spread {
  values: (number | null)[]
  average: number | null
  apart: number | null
}
export interface CalibrationWhole {
  calibration: Calibration
  template: Template
  sheets: { appraiser: string; state: AppraisalState; appraisal: number | null }[]
  compared: { sheets: Appraisal[]; score: Spread; questions: Record<string, Spread> } | null
}

export const mostOf = (question: Question): number =>
  question.kind === 'choice' ? Math.max(0, ...question.choices.map((one) => one.points)) : question.points

/** What may be answered to it, the worst first. null: too many to show one by one. */
export function pointsOf(question: Question): number[] | null {
  if (question.kind === 'choice') return question.choices.map((one) => one.points)
  if (question.kind === 'yes_no') return [question.points, 0]
  return question.points <= 10 ? Array.from({ length: question.points + 1 }, (_, n) => n) : null
}

/** As the server wants it: with few points, and where it is fatal. */
export function wantsComment(question: Question, given: Given | undefined): boolean {
  if (!given || given.points === null) return false
  return (question.fatal && given.points === 0) || 100 * given.points < question.comment_below * mostOf(question)
}

/** What the sheet is worth as far as it is filled in; null: nothing yet. What holds the server says. */
export function scoreSoFar(template: TemplateTerms, answers: Answers): number | null {
  let total = 0
  let weights = 0
  for (const section of template.sections) {
    let got = 0
    let most = 0
    for (const question of section.questions) {
      const points = answers[question.id]?.points
      if (points === undefined || points === null) continue
      if (question.fatal && points === 0) return 0
      got += points * question.weight
      most += mostOf(question) * question.weight
    }
    if (!most) continue
    total += (section.weight * got) / most
    weights += section.weight
  }
  return weights ? Math.round((10000 * total) / weights) / 100 : null
}

/** Questions that are not answered yet. */
export function missing(template: TemplateTerms, answers: Answers): string[] {
  return template.sections.flatMap((section) => section.questions.filter((one) => !answers[one.id]).map((one) => one.id))
}

/** A number for a new question that no other one has. */
export function freshId(template: TemplateTerms): string {
  const known = new Set(template.sections.flatMap((section) => section.questions.map((one) => one.id)))
  let n = known.size + 1
  while (known.has(`q${n}`)) n += 1
  return `q${n}`
}

export const newQuestion = (id: string): Question => ({
  id, chinese: '', english: '', kind: 'points', points: 5, choices: [], weight: 1, fatal: false, optional: false, comment_below: 60,
})
