/** The lines of a plan as texts: to read, and to say what somebody else has left. Pure: texts and titles come in. */
import { RESULTS, type Plan } from './model'

export interface PlanFact {
  name: keyof Plan
  label: string
  text: string
  number?: boolean
}
type Say = (key: string, named?: Record<string, unknown>) => string

/** What only a kind of campaign has. */
export const OF_MODE: Partial<Record<keyof Plan, Plan['mode']>> = {
  preview_seconds: 'preview',
  preview_dials: 'preview',
  ratio: 'progressive',
  abandon_limit: 'progressive',
  abandon_of: 'progressive',
  without_agent: 'progressive',
  longest_wait: 'progressive',
  message: 'progressive',
  machines: 'progressive',
}

export function factsOf(plan: Plan, t: Say, titleOf: (code: string) => string): PlanFact[] {
  const f = (key: string, named?: Record<string, unknown>): string => t(`campaigns.${key}`, named ?? {})
  const seconds = (n: number): string => f('seconds', { n })
  const texts: Record<keyof Plan, string> = {
    name: plan.name,
    queue: plan.queue,
    mode: f(`modes.${plan.mode}`),
    priority: String(plan.priority),
    calendar: plan.calendar || f('noCalendar'),
    hours: plan.hours || f('always'),
    caller_id: plan.caller_id || f('trunksNumber'),
    ring: seconds(plan.ring),
    attempts: String(plan.attempts),
    attempts_a_day: String(plan.attempts_a_day),
    preview_seconds: seconds(plan.preview_seconds),
    preview_dials: f(`previewDials.${plan.preview_dials}`),
    ratio: String(plan.ratio),
    abandon_limit: f('ofLast', { share: `${percent(plan.abandon_limit)} %`, n: plan.abandon_of }),
    abandon_of: '',
    without_agent: f(`withoutAgent.${plan.without_agent}`),
    longest_wait: plan.longest_wait ? seconds(plan.longest_wait) : f('asQueue'),
    message: plan.message,
    machines: f(`machines.${plan.machines}`),
    retry: RESULTS.filter((name) => plan.retry[name] !== undefined)
      .map((name) => `${f(`results.${name}`)} ${f('minutes', { n: minutes(plan.retry[name] ?? 0) })}`)
      .join(t('say.comma')),
    meanings: Object.entries(plan.meanings)
      .map(([code, meaning]) => `${titleOf(code)}: ${f(`meanings.${meaning}`)}`)
      .join(t('say.comma')),
  }
  const NUMBERS = new Set<keyof Plan>(['priority', 'hours', 'caller_id', 'ring', 'attempts', 'attempts_a_day', 'ratio', 'preview_seconds', 'longest_wait'])
  return (Object.keys(texts) as (keyof Plan)[])
    .filter((name) => name !== 'abandon_of' && (OF_MODE[name] ?? plan.mode) === plan.mode)
    .map((name) => ({ name, label: f(`fields.${name}`), text: texts[name], number: NUMBERS.has(name) }))
}

/** 0.03 → 3, without what binary fractions add. */
export function percent(share: number): number {
  return Math.round(share * 10_000) / 100
}

export function minutes(seconds: number): number {
  return Math.round((seconds / 60) * 100) / 100
}
