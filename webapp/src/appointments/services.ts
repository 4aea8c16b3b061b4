/** The services that can be booked, read once for all parts of the pages. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { i18n } from '../i18n'
import { appointmentsApi } from './api'
import type { Service } from './model'

export const useServices = defineStore('services', () => {
  const items = ref<Service[] | null>(null)
  let asked: Promise<void> | null = null

  async function read(): Promise<void> {
    items.value = (await appointmentsApi.services()).items
  }

  /** again: also if they are known already. Raises ApiError; the next who asks asks the server. */
  function load(again = false): Promise<void> {
    if (again || asked === null) {
      asked = read()
      asked.catch(() => (asked = null))
    }
    return asked
  }

  const title = (service: Service): string => (i18n.global.locale.value === 'en' ? service.english : service.chinese)
  /** Those that can be booked now. */
  const offered = computed(() => (items.value ?? []).filter((one) => one.active))
  const named = (id: number): string => {
    const known = items.value?.find((one) => one.id === id)
    return known ? title(known) : ''
  }
  return { items, offered, load, title, named }
})
