/** What plans of campaigns are made of: queues with their dispositions, calendars, own numbers. Asked for once, and anew for a form. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

import { campaignsApi } from './api'
import type { Choices } from './model'

export const useChoices = defineStore('campaign-choices', () => {
  const known = shallowRef<Choices>({ queues: [], calendars: [], caller_ids: [] })
  let asking: Promise<void> | null = null

  /** What cannot be had is asked for again next time; until then codes are shown as they are. */
  function load(anew = false): Promise<void> {
    if (anew) asking = null
    asking ??= campaignsApi.choices().then(
      (found) => void (known.value = found),
      () => void (asking = null),
    )
    return asking
  }

  const dispositions = (queue: string): Choices['queues'][number]['dispositions'] =>
    known.value.queues.find(({ name }) => name === queue)?.dispositions ?? []

  function disposition(queue: string, code: string): string {
    return dispositions(queue).find((one) => one.code === code)?.title || code
  }
  return { known, load, dispositions, disposition }
})
