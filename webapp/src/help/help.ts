/** Who calls for help now, as the live feed tells it: one's own call, and those that one may answer. */
import { defineStore } from 'pinia'
import { computed } from 'vue'

import { useLive } from '../live'
import { may } from '../rights'
import { useSession } from '../session'
import { helpApi } from './api'
import type { HelpRequest } from './model'

export const useHelp = defineStore('help', () => {
  const live = useLive()
  const session = useSession()

  const me = computed(() => session.me?.login ?? '')
  const all = computed(() => live.under<HelpRequest>('help/'))
  const own = computed(() => all.value.find((one) => one.agent === me.value) ?? null)
  const asks = computed(() => may(session.me, 'help') && session.me?.role === 'agent')
  const answers = computed(() => may(session.me, 'help.answer'))
  /** Whom nobody sees to first, then who has waited longest. */
  const others = computed(() =>
    answers.value
      ? all.value
          .filter((one) => one.agent !== me.value)
          .sort((a, b) => Number(a.state === 'taken') - Number(b.state === 'taken') || Date.parse(a.asked_at) - Date.parse(b.asked_at))
      : [],
  )

  async function take(request: HelpRequest): Promise<void> {
    await helpApi.take(request.id, request.version)
  }

  return { me, all, own, asks, answers, others, take, ask: helpApi.ask, end: helpApi.end, answer: helpApi.answer }
})
