/** The kinds of duties as the server has them (docs/api.md). */
export const CLOSINGS = ['none', 'reached', 'spoken'] as const
export type Closing = (typeof CLOSINGS)[number]
export const ROLES = ['leaders', 'supervisor', 'manager'] as const
export const MOST_ESCALATIONS = 5

export interface Escalation {
  minutes: number
  to: string
}

export interface Terms {
  name: string
  chinese: string
  english: string
  limit: number
  warn: number
  escalations: Escalation[]
  closes: 'reached' | 'spoken' | null
  by_people: boolean
  version: number
  changed_at: string | null
  changed_by: string
}

export interface KindWithShipped {
  terms: Terms
  shipped: Terms
  of_record: boolean
}

const SAME = ['chinese', 'english', 'limit', 'warn', 'escalations', 'closes', 'by_people'] as const

/** What is sent of them. */
export function settings(terms: Terms): Pick<Terms, (typeof SAME)[number]> {
  const { chinese, english, limit, warn, escalations, closes, by_people } = terms
  return { chinese, english, limit, warn, escalations, closes, by_people: by_people && closes !== null }
}

export const sameTerms = (one: Terms, other: Terms): boolean =>
  JSON.stringify(settings(one)) === JSON.stringify(settings(other))

/** A copy to be typed in. */
export const copied = (terms: Terms): Terms => ({ ...terms, escalations: terms.escalations.map((one) => ({ ...one })) })

