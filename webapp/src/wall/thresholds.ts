/** From when on the wall warns, kept up while it is open. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { useLive } from '../live'
import { wallApi } from './api'
import { judgeOf } from './judge'
import type { Thresholds } from './model'

export const useThresholds = defineStore('thresholds', () => {
  const live = useLive()
  const known = ref<Thresholds[]>([])
  const judge = computed(() => judgeOf(known.value))

  async function load(): Promise<void> {
    known.value = (await wallApi.thresholds()).items
  }

  /** The office's, or a queue's own; a queue that has none begins with none. */
  function of(queue: string | null): Thresholds {
    const found = known.value.find((one) => one.queue === queue)
    return found ?? { queue, limits: {}, version: 0, changed_at: null, changed_by: '' }
  }

  function follow(fault: (why: unknown) => void): () => void {
    const stop = live.listen((fact) => {
      if (fact.type === 'thresholds.changed') load().catch(fault)
    })
    const back = live.whenBack(() => void load().catch(fault))
    return () => {
      stop()
      back()
    }
  }

  return { known, judge, load, of, follow }
})
