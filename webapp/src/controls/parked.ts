/** Calls that wait at slots: read anew whenever another one is parked, or one is gone. */
import { computed, ref, watch, type Ref } from 'vue'

import { useLive } from '../live'
import { may } from '../rights'
import { useSession } from '../session'
import { controlsApi } from './api'
import type { ParkedCall } from './model'

export function useParked(): Ref<ParkedCall[]> {
  const live = useLive()
  const session = useSession()
  const parked = ref<ParkedCall[]>([])
  const waiting = computed(() => live.lines.filter((line) => line.state === 'parked').map((line) => line.call).join())
  let asked = 0

  watch(
    waiting,
    async (calls) => {
      const mine = (asked += 1)
      if (!calls || !may(session.me, 'parking')) {
        parked.value = []
        return
      }
      // What cannot be read now is read when the next one is parked; phones fetch it all the same.
      const found = await controlsApi.parked().catch(() => null)
      if (found && mine === asked) parked.value = found.items
    },
    { immediate: true },
  )
  return parked
}
