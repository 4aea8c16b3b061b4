/** The lists that the office keeps by itself: asked for once, and again when somebody has changed them here. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api } from './api'
import { i18n } from './i18n'
import type { DictionaryName, DictionaryValue } from './model'

export const useDictionaries = defineStore('dictionaries', () => {
  const lists = ref<Partial<Record<DictionaryName, DictionaryValue[]>>>({})
  let asking: Promise<void> | null = null

  /** A list that cannot be had is asked for again next time; until then codes are shown as they are. */
  function load(anew = false): Promise<void> {
    if (anew) asking = null
    asking ??= api.dictionaries().then(
      (found) => void (lists.value = Object.fromEntries(found.items.map(({ name, values }) => [name, values]))),
      () => void (asking = null),
    )
    return asking
  }

  const named = (value: DictionaryValue): string => (i18n.global.locale.value === 'en' ? value.english : value.chinese)

  /** A code that is not known is shown as it is. */
  function word(name: DictionaryName, code: string): string {
    const known = lists.value[name]?.find((value) => value.code === code)
    return known ? named(known) : code
  }

  /** What may be chosen: what is offered now, and what stands there already. */
  function choices(name: DictionaryName, present: readonly string[] = []): { code: string; text: string }[] {
    return (lists.value[name] ?? [])
      .filter((value) => !value.retired || present.includes(value.code))
      .map((value) => ({ code: value.code, text: named(value) }))
  }

  /** All that records may have, withdrawn ones too: for the conditions of a list. */
  function options(name: DictionaryName): { value: string; label: string }[] {
    return (lists.value[name] ?? []).map((value) => ({ value: value.code, label: named(value) }))
  }

  return { lists, load, word, choices, options }
})
