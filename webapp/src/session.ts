/** Who uses this page, and what their role may see. The server decides again on each request. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from './api'
import { asLanguage, keptLanguage, speak } from './i18n'
import type { Me } from './model'
import { pagesOf, startOf, type PageName } from './rights'

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const pages = computed<readonly PageName[]>(() => (me.value ? pagesOf(me.value) : []))

  const start = computed<PageName>(() => (me.value ? startOf(me.value) : 'history'))

  async function load(): Promise<void> {
    me.value = await api.me()
    speak(keptLanguage() ?? asLanguage(me.value.language), false)
  }

  /** What one may can be another while the page is open. */
  async function renew(): Promise<void> {
    me.value = await api.me()
  }

  function may(page: PageName): boolean {
    return pages.value.includes(page)
  }

  function teamTitle(name: string): string {
    return me.value?.teams?.[name] ?? name
  }

  async function signOut(): Promise<void> {
    await api.signOut()
    location.assign('/sign-in')
  }

  return { me, pages, start, load, renew, may, teamTitle, signOut }
})
