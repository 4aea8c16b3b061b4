/** Workflows, the names of steps, and departments: asked for once, and again when they may be others. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { i18n } from '../i18n'
import { complaintsApi } from './api'
import type { WorkflowList } from './model'

export const useWorkflows = defineStore('workflows', () => {
  const known = ref<WorkflowList>({ items: [], total: 0, steps: [], teams: [] })
  let asking: Promise<void> | null = null

  function load(anew = false): Promise<void> {
    if (anew) asking = null
    asking ??= complaintsApi.workflows().then(
      (found) => void (known.value = found),
      () => void (asking = null),
    )
    return asking
  }

  const named = (one: { chinese: string; english: string }): string =>
    i18n.global.locale.value === 'en' ? one.english : one.chinese

  /** A code that is not known is shown as it is. */
  function stepName(code: string): string {
    const step = known.value.steps.find((one) => one.code === code)
    return step ? named(step) : code
  }

  function teamName(name: string): string {
    return known.value.teams.find((one) => one.name === name)?.title || name
  }

  return { known, load, named, stepName, teamName }
})
