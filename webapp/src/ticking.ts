/** The page's own clock: durations are counted here from their start, so that the server need not push seconds. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { useLive } from './live'

export const useTicking = defineStore('ticking', () => {
  const local = ref(Date.now())
  const live = useLive()
  setInterval(() => (local.value = Date.now()), 500)
  /** Milliseconds of the server's clock, half a second fresh. */
  const now = computed(() => local.value + live.offset)
  return { now }
})
