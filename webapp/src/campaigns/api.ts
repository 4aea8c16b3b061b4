/** What the pages ask about campaigns, the do-not-call list, and whom an agent is shown. */
import { ask, make, queryText, send } from '../api'
import type { Listing } from '../model'
import { partsOf, together } from './lists'
import type { Attempt, Campaign, CampaignState, Choices, DoNotCall, Entry, EntryState, Loaded, Plan, Result, Results, Row, Shown } from './model'

const AT_ONCE = 1000
interface Place {
  limit: number
  offset: number
}
export interface EntryConditions {
  state: EntryState | ''
  result: Result | ''
  text: string
}
export interface CustomersWanted {
  text: string
  levels: string[]
  not_called_since: string | null
  query: number | null
  priority: number
}

export const campaignsApi = {
  list: (conditions: { state: CampaignState | '' } & Place) => ask<Listing<Campaign>>('GET', `/campaigns${queryText({ ...conditions })}`),
  one: (id: number) => ask<Campaign>('GET', `/campaigns/${id}`),
  choices: () => ask<Choices>('GET', '/campaigns/choices'),
  create: (plan: Plan, key: string) => make<Campaign>('/campaigns', plan, key),
  /** version: the one that was read; another by now is a 409 with what is now. */
  change: (id: number, plan: Plan, version: number) => ask<Campaign>('PUT', `/campaigns/${id}`, { ...plan, version }),
  remove: (id: number) => ask<void>('DELETE', `/campaigns/${id}`),
  order: (id: number, order: 'start' | 'pause' | 'stop') => ask<Campaign>('POST', `/campaigns/${id}/${order}`, {}),

  entries: (id: number, conditions: EntryConditions & Place) =>
    ask<Listing<Entry>>('GET', `/campaigns/${id}/entries${queryText({ ...conditions })}`),
  /** at: of each row, where it stands for whoever wrote it. */
  add: async (id: number, rows: readonly Row[], at: readonly number[]): Promise<Loaded> => {
    const told = []
    for (let n = 0; n < rows.length; n += AT_ONCE) {
      const said = await ask<Loaded>('POST', `/campaigns/${id}/entries`, { rows: rows.slice(n, n + AT_ONCE) })
      told.push({ said, row: (row: number) => at[n + row - 1] ?? row })
    }
    return together(told)
  },
  upload: async (id: number, file: Blob): Promise<Loaded> => {
    const told = []
    for (const { octets, before } of partsOf(new Uint8Array(await file.arrayBuffer()))) {
      const answer = await send('POST', `/campaigns/${id}/list`, 'text/csv', new Blob([octets as Uint8Array<ArrayBuffer>]))
      told.push({ said: (await answer.json()) as Loaded, row: (row: number) => before + row })
    }
    return together(told)
  },
  customers: (id: number, wanted: CustomersWanted) => ask<Loaded>('POST', `/campaigns/${id}/customers`, wanted),
  /** due: null: now. */
  callAgain: (id: number, entry: number, due: string | null) =>
    ask<Entry>('PUT', `/campaigns/${id}/entries/${entry}`, { state: 'waiting', ...(due ? { due } : {}) }),
  skip: (id: number, entry: number) => ask<Entry>('PUT', `/campaigns/${id}/entries/${entry}`, { state: 'skipped' }),
  attempts: (id: number, entry: number) => ask<Listing<Attempt>>('GET', `/campaigns/${id}/entries/${entry}/attempts`),
  results: (id: number) => ask<Results>('GET', `/campaigns/${id}/results`),
  resultsFile: (id: number): string => `/api/v1/campaigns/${id}/results.csv`,
}

export const doNotCallApi = {
  list: (conditions: { text: string } & Place) => ask<Listing<DoNotCall>>('GET', `/do-not-call${queryText({ ...conditions })}`),
  add: (number: string, why: string) => ask<DoNotCall>('POST', '/do-not-call', { number, why }),
  remove: (number: string) => ask<void>('DELETE', `/do-not-call/${encodeURIComponent(number)}`),
}

export interface ShowingCampaign {
  id: number
  name: string
  queue: string
  doing: string
}

export const previewApi = {
  now: () => ask<{ preview: Shown | null; campaigns: ShowingCampaign[] }>('GET', '/campaigns/preview'),
  next: (campaign: number) => ask<Shown>('POST', `/campaigns/${campaign}/next`, {}),
  dial: () => ask<{ call: string }>('POST', '/campaigns/preview/dial', {}),
  /** again_at: null: never. */
  skip: (again_at: string | null) => ask<Entry>('POST', '/campaigns/preview/skip', again_at ? { again_at } : {}),
}
