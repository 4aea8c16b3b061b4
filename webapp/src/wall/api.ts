/** What the wall asks for: moving who waits, recording, from when on it warns, and the day's tickets. */
import { ask, queryText } from '../api'
import { startOfDay } from '../durations'
import type { Listing } from '../model'
import type { Limits, Thresholds, TicketFigures } from './model'

const part = encodeURIComponent
const total = async (path: string, conditions: Record<string, string>): Promise<number> =>
  (await ask<{ total: number }>('GET', `${path}${queryText({ ...conditions, limit: 1 })}`)).total

export type Move = { place: 'up' | 'front' } | { queue: string } | { agent: string }

export const wallApi = {
  move: (queue: string, call: string, move: Move) =>
    ask<void>('POST', `/queues/${part(queue)}/waiting/${part(call)}/move`, move),
  record: (call: string) => ask<void>('POST', `/calls/${part(call)}/recording/start`, {}),
  recordNoMore: (call: string) => ask<void>('POST', `/calls/${part(call)}/recording/stop`, {}),
  thresholds: () => ask<Listing<Thresholds>>('GET', '/thresholds'),
  setThresholds: (queue: string | null, version: number, limits: Limits) =>
    ask<Thresholds>('PUT', queue === null ? '/thresholds/office' : `/thresholds/queues/${part(queue)}`, {
      version,
      limits,
    }),
  complaints: () =>
    ask<NonNullable<TicketFigures['complaints']>>('GET', `/complaints/board${queryText({ open: 'true' })}`),
  consultationsToday: (now: number) => total('/consultations', { since: startOfDay(now) }),
  followUps: async (): Promise<{ owed: number; late: number }> => {
    const [owed, late] = await Promise.all([
      total('/follow-ups', { owed: 'true' }),
      total('/follow-ups', { due: 'overdue' }),
    ])
    return { owed, late }
  },
  duties: async (): Promise<{ open: number; late: number }> => {
    const [open, late] = await Promise.all([
      total('/duties', { state: 'open' }),
      total('/duties', { state: 'open', overdue: 'true' }),
    ])
    return { open, late }
  },
}
