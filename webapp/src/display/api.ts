/** Links of televisions (docs/api.md). */
import { ask } from '../api'

export interface Display {
  id: number
  name: string
  queues: string[]
  created_by: string
  created_at: string
  expires_at: string
  seen_at: string | null
}

/** As the server has it. */
export const MOST_QUEUES = 8
export const LIVES = [7, 30, 365, 3650] as const

export const displays = {
  list: () => ask<{ items: Display[]; total: number }>('GET', '/displays'),
  create: (wanted: { name: string; queues: string[]; days: number }) => ask<{ display: Display; token: string }>('POST', '/displays', wanted),
  remove: (id: number) => ask<void>('DELETE', `/displays/${id}`),
}
