/** What the rules are called, for whoever sees follow-ups: asked for once, and again when a rule was changed here. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { i18n } from '../i18n'
import { followUpsApi } from './api'

export const useRuleNames = defineStore('followUpRuleNames', () => {
  const names = ref<{ id: number; chinese: string; english: string }[]>([])
  let asking: Promise<void> | null = null

  /** What cannot be had is asked for again next time; until then a rule is shown by its number. */
  function load(anew = false): Promise<void> {
    if (anew) asking = null
    asking ??= followUpsApi.ruleNames().then(
      (found) => void (names.value = found.items),
      () => void (asking = null),
    )
    return asking
  }

  const named = (of: { chinese: string; english: string }): string =>
    i18n.global.locale.value === 'en' ? of.english : of.chinese

  function name(rule: number): string {
    const known = names.value.find(({ id }) => id === rule)
    return known ? named(known) : `#${rule}`
  }

  return { names, load, named, name }
})
