/**
 * Asks the server for the figures, one question after the other, for as long as the page is open: nothing piles up in
 * days, and after a cut it goes on by itself. Knows how old what it shows is.
 */
import { computed, onBeforeUnmount, readonly, ref, shallowRef } from 'vue'

import type { DisplayFigures } from './figures'

export const EVERY_MS = 2_000
const PATIENCE_MS = 8_000
/** After a refusal: a link that was revoked is not asked for every two seconds for ever. */
const REFUSED_EVERY_MS = 30_000
/** From then on the page says that its figures are old, and from then on it shows none. */
export const OLD_MS = 10_000
export const TOO_OLD_MS = 300_000

export type Refusal = 'ended' | 'queues' | null

export interface World {
  ask: (signal: AbortSignal) => Promise<Response>
  /** Milliseconds that only go forward. */
  clock: () => number
  now: () => number
  reload: () => void
}

export function useFigures(world: World) {
  const figures = shallowRef<DisplayFigures | null>(null)
  const refusal = ref<Refusal>(null)
  const gotAt = ref(0)
  const age = ref(0)
  /** Milliseconds of the server's clock, a second fresh. */
  const now = ref(world.now())
  let offset = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function once(): Promise<number> {
    const asking = new AbortController()
    const limit = setTimeout(() => asking.abort(), PATIENCE_MS)
    try {
      const answer = await world.ask(asking.signal)
      if (answer.ok) return take((await answer.json()) as DisplayFigures)
      await answer.body?.cancel()
      if (answer.status === 401 || answer.status === 403) refusal.value = 'ended'
      if (answer.status === 422) refusal.value = 'queues'
      return answer.status < 500 ? REFUSED_EVERY_MS : EVERY_MS
    } catch {
      return EVERY_MS // no network, or no answer in time: the page says how old its figures are
    } finally {
      clearTimeout(limit)
    }
  }

  function take(told: DisplayFigures): number {
    const known = figures.value?.build
    // The server was updated: the page of before may not understand the figures of now.
    if (known && told.build && told.build !== known) world.reload()
    offset = Date.parse(told.at) - world.now()
    refusal.value = null
    figures.value = told
    gotAt.value = world.clock()
    tick()
    return EVERY_MS
  }

  function tick(): void {
    now.value = world.now() + offset
    age.value = figures.value ? world.clock() - gotAt.value : 0
  }

  async function goOn(): Promise<void> {
    const pause = await once()
    if (!over) timer = setTimeout(() => void goOn(), pause)
  }

  const ticking = setInterval(tick, 500)
  void goOn()
  onBeforeUnmount(() => {
    over = true
    clearTimeout(timer)
    clearInterval(ticking)
  })
  return {
    figures: readonly(figures),
    refusal: readonly(refusal),
    now: readonly(now),
    old: computed(() => age.value > OLD_MS),
    tooOld: computed(() => age.value > TOO_OLD_MS),
    /** When what is shown was true, by the server's clock. */
    trueAt: computed(() => (figures.value ? Date.parse(figures.value.at) : 0)),
  }
}
