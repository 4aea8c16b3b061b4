/**
 * Whom a preview campaign shows to this agent now, with what is known of them; and which campaigns do. The server keeps
 * the agent for it meanwhile: what it says by the event stream is what holds.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api, ApiError } from '../api'
import { useLive } from '../live'
import type { Call, Customer } from '../model'
import { may } from '../rights'
import { say } from '../saying'
import { useSession } from '../session'
import { previewApi, type ShowingCampaign } from './api'
import type { Shown } from './model'

const PAST = 8
const PAUSE = 300

export const useNextCustomer = defineStore('next-customer', () => {
  const live = useLive()
  const session = useSession()
  const shown = shallowRef<Shown | null>(null)
  const campaigns = shallowRef<ShowingCampaign[]>([])
  /** undefined: not looked up yet; null: nobody has this number. */
  const customer = shallowRef<Customer | null | undefined>(undefined)
  const past = shallowRef<Call[] | null>(null)
  const busy = ref(false)
  /** Grows each time that somebody was asked for: what was asked for is looked at. */
  const asked = ref(0)
  let stops: (() => void)[] = []
  let pause: ReturnType<typeof setTimeout> | undefined

  const login = computed(() => session.me?.login ?? '')
  const allowed = computed(() => may(session.me, 'campaign.preview'))
  const here = computed(() => campaigns.value.length > 0 || shown.value !== null)

  const isShown = (one: Shown): boolean => shown.value?.entry === one.entry && shown.value.campaign === one.campaign

  function take(found: Shown | null): void {
    const same = found !== null && isShown(found)
    if (same && shown.value?.until === found.until) return
    shown.value = found
    if (same) return // only its time is another
    customer.value = undefined
    past.value = null
    if (found) void lookUp(found)
  }

  /** Who it is by the list, or else by the number; and what was spoken about. Helps, no conditions: they may fail. */
  async function lookUp(found: Shown): Promise<void> {
    const known = await byList(found).catch(() => null)
    if (!isShown(found)) return
    customer.value = known
    const listings = await Promise.all([
      known ? api.calls({ customer_id: known.id, limit: PAST }).catch(() => null) : null,
      api.calls({ caller: found.number, limit: PAST }).catch(() => null),
    ])
    if (!isShown(found)) return
    const calls = new Map(listings.flatMap((listing) => listing?.items ?? []).map((call) => [call.id, call]))
    past.value = [...calls.values()].sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at)).slice(0, PAST)
  }

  async function byList(found: Shown): Promise<Customer | null> {
    if (found.customer !== null) return api.customer(found.customer)
    const { items } = await api.customers(found.number, 2, 0)
    return items.length === 1 ? (items[0] ?? null) : null // of several it is not known which
  }

  async function load(): Promise<void> {
    if (!allowed.value) {
      take(null)
      campaigns.value = []
      return
    }
    try {
      const now = await previewApi.now()
      campaigns.value = now.campaigns
      take(now.preview)
    } catch {
      // The desk goes on without it; it is asked for again with the next change, and when the connection is back.
    }
  }

  function soon(): void {
    clearTimeout(pause)
    pause = setTimeout(() => void load(), PAUSE)
  }

  function start(): void {
    void load()
    stops = [
      live.listen((fact) => {
        const { agent, entry } = fact.data as { agent?: string; entry?: number }
        if (fact.type === 'campaign.preview' && agent === login.value) take(fact.data as unknown as Shown)
        if (fact.type === 'campaign.preview_over' && agent === login.value && shown.value?.entry === entry) take(null)
        if (fact.type === 'campaign.changed' || fact.type === 'site.changed') soon()
      }),
      live.whenBack(soon),
    ]
  }

  function stop(): void {
    for (const one of stops) one()
    stops = []
    clearTimeout(pause)
    take(null)
    campaigns.value = []
  }

  async function doing(work: () => Promise<unknown>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await work()
    } catch (why) {
      say.fault(why)
      await load() // why there is nobody, or that somebody else is shown meanwhile
    } finally {
      busy.value = false
    }
  }

  /** The first campaign that shows somebody. Who is in wrap-up or on a break is ready first. */
  const next = (): Promise<void> =>
    doing(async () => {
      asked.value += 1
      const state = live.agent(login.value)?.state
      if (state === 'wrap_up') await api.endWrapUp(login.value)
      if (state === 'break' || state === 'wrap_up') await api.setState(login.value, 'ready')
      let refused: unknown = null
      for (const { id } of campaigns.value) {
        try {
          return take(await previewApi.next(id))
        } catch (why) {
          if (!(why instanceof ApiError && why.status === 409)) throw why
          refused = why
        }
      }
      if (refused) throw refused
    })

  const dial = (): Promise<void> =>
    doing(async () => {
      await previewApi.dial()
      take(null)
    })

  const skip = (again: Date | null): Promise<void> =>
    doing(async () => {
      const { entry } = await previewApi.skip(again?.toISOString() ?? null).then((skipped) => ({ entry: skipped.id }))
      if (shown.value?.entry === entry) take(null) // the next one may be shown already
    })

  return { shown, campaigns, customer, past, busy, asked, here, load, soon, start, stop, next, dial, skip }
})
