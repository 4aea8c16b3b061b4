/** The words of the wall (docs/api.md). */
export type ThresholdName = 'waiting' | 'longest' | 'service_level' | 'talk' | 'break' | 'wrap_up'
export const THRESHOLDS: readonly ThresholdName[] = ['waiting', 'longest', 'service_level', 'talk', 'break', 'wrap_up']
export const OF_QUEUES: readonly ThresholdName[] = ['waiting', 'longest', 'service_level']

/** warn: yellow from there on; alarm: red. Of the service level (0 to 1): below. */
export interface Limit {
  warn: number
  alarm: number
}

/** null: it never warns. */
export type Limits = Partial<Record<ThresholdName, Limit | null>>

/** queue null: the office's. */
export interface Thresholds {
  queue: string | null
  limits: Limits
  version: number
  changed_at: string | null
  changed_by: string
}

/** null: not one's to see. */
export interface TicketFigures {
  complaints: { items: { state: string; count: number; overdue: number }[]; total: number; overdue: number } | null
  consultations: number | null
  followUps: { owed: number; late: number } | null
  duties: { open: number; late: number } | null
}
