/**
 * What every page of records does, once: its pages are asked for, an answer to an older question is let go, a change in
 * the conditions starts over at the first page, the event stream brings it up to date, and the address names which
 * record is open. See ConsultationsPage.vue for a page made of it.
 */
import { computed, onActivated, onBeforeUnmount, ref, watch, type Ref } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

import type { Fact } from '../feed'
import { spanOf, type Period } from '../history/period'
import { useLive } from '../live'
import type { Listing } from '../model'
import { faultText, say } from '../saying'
import { keptNumber, useAddress, type Keeping } from './address'

export const LIMIT = 50
/** Milliseconds between a key that was pressed, or a change that was told, and the question that it leads to. */
const PAUSE = 250

export interface Place {
  limit: number
  offset: number
}

/**
 * The record that the address names (`/complaints/7`). Another page in front of this one has none of these in its
 * address; this one keeps its own. route: its name in router.ts. query: the conditions, see address.ts.
 */
export function useOpen(
  route: string,
  query: () => LocationQuery = () => ({}),
): { open: Ref<number | null>; show: (id: number | null) => Promise<unknown> } {
  const here = useRoute()
  const router = useRouter()
  const open = ref<number | null>(null)
  watch(
    () => [here.name, here.params.id] as const,
    ([name, id]) => {
      if (name === route) open.value = typeof id === 'string' && id ? Number(id) : null
    },
    { immediate: true },
  )
  const show = (id: number | null): Promise<unknown> =>
    router.push({ name: route, params: { id: id === null ? '' : String(id) }, query: query() })
  return { open, show }
}

/**
 * A list by pages. ask: the server, for that place; what belongs to the list (totals …) comes in the same answer.
 * watched: the conditions; another starts over, after a pause. kept: those that stand in the address, with the page.
 */
export function useListing<Answer extends Listing<unknown>>(
  ask: (place: Place) => Promise<Answer>,
  watched: () => unknown = () => null,
  kept?: { route: string; keeping: Keeping },
) {
  const page = ref(1)
  const listing = ref(null) as Ref<Answer | null>
  const fault = ref('')
  const loading = ref(false)
  let asked = 0
  let pause: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    clearTimeout(pause)
    asked += 1
    const mine = asked
    loading.value = true
    try {
      const found = await ask({ limit: LIMIT, offset: (page.value - 1) * LIMIT })
      if (mine !== asked) return // conditions changed meanwhile: this answer is to an older question
      listing.value = found
      fault.value = ''
    } catch (why) {
      if (mine === asked) fault.value = faultText(why)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  /** After a pause, since several may come at once. */
  function again(): void {
    clearTimeout(pause)
    pause = setTimeout(() => void load(), PAUSE)
  }

  /** At once, from the first page. */
  function restart(): void {
    if (page.value === 1) void load()
    else page.value = 1
  }

  watch(watched, () => {
    if (!address?.restoring()) page.value = 1
    again()
  })
  // After the watch above: another condition and the first page are one step of the address.
  const address = kept ? useAddress(kept.route, { ...kept.keeping, page: keptNumber(page) }, again) : null
  watch(page, () => void load())
  onActivated(() => void load())
  onBeforeUnmount(() => clearTimeout(pause))
  return { page, listing, fault, loading, load, again, restart, query: address?.query, restoring: () => address?.restoring() ?? false, quietly: address?.quietly ?? ((change: () => void) => change()) }
}

/**
 * A page of records: its list, the open one, and the news of them. kept: what of the conditions stands in the address. concerns: whether what has happened makes the list
 * another. changes grows with each such fact: whoever shows one record reads it again.
 */
export function useRecords<Answer extends Listing<unknown>>(given: {
  route: string
  ask: (place: Place) => Promise<Answer>
  watched: () => unknown
  concerns: (fact: Fact) => boolean
  /** Conditions that stand in the address. */
  kept?: Keeping
}) {
  const changes = ref(0)
  const kept = given.kept ? { route: given.route, keeping: given.kept } : undefined
  const list = useListing(given.ask, given.watched, kept)
  const live = useLive()
  function news(): void {
    changes.value += 1
    list.again()
  }
  const stop = live.listen((fact) => {
    if (given.concerns(fact)) news()
  })
  const stopWaiting = live.whenBack(news)
  onBeforeUnmount(() => {
    stop()
    stopWaiting()
  })
  return { ...useOpen(given.route, list.query), ...list, changes }
}

/**
 * A new record by a dialog, which `making` opens. Once it is made, `kept` is said of it, it is shown, and the list has
 * it too.
 */
export function useMaking<Made extends { id: number }>(
  { show, load }: { show: (id: number) => Promise<unknown>; load: () => Promise<void> },
  kept: (one: Made) => string,
) {
  const making = ref(false)
  async function made(one: Made): Promise<void> {
    making.value = false
    say.done(kept(one))
    try {
      await show(one.id)
      await load()
    } catch (why) {
      say.fault(why)
    }
  }
  return { making, made }
}

/** Was one of that kind of record (`consultation`, `complaint` …) made or changed? */
export function saved(fact: Fact, kind: string): boolean {
  return fact.type === 'record.saved' && fact.data.kind === kind
}

/** A period by its name or by two days; one lets go of the other. span(now): since and until, as the server has them. */
export function usePeriod(start: Period | '' = 'today') {
  const period = ref<Period | ''>(start)
  const dates = ref<[Date, Date] | null>(null)
  watch(period, (chosen) => {
    if (chosen) dates.value = null
  })
  watch(dates, (chosen) => {
    if (chosen) period.value = ''
  })
  const chosen = computed(() => [period.value, dates.value] as const)
  return { period, dates, chosen, span: (now: number) => spanOf(period.value || null, dates.value, now) }
}
