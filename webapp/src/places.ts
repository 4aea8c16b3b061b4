/** Where numbers are from. Asked for together, once for each number and language; while it is not known, nothing shows. */
import { defineStore } from 'pinia'
import { reactive } from 'vue'

import { ask } from './api'

export interface Place {
  area: string
  carrier: string
}
const MOST = 200

export const usePlaces = defineStore('places', () => {
  const known = reactive(new Map<string, Place>())
  let wanted = new Set<string>()

  const key = (number: string): string => `${document.documentElement.lang}:${number}`

  async function fetchAll(): Promise<void> {
    const numbers = [...wanted].slice(0, MOST)
    wanted = new Set()
    try {
      const { items } = await ask<{ items: Place[] }>('POST', '/number_places', { numbers })
      numbers.forEach((number, n) => known.set(key(number), items[n] ?? { area: '', carrier: '' }))
    } catch {
      // It is a help beside the number: without it the number still stands there. Next time it is asked for again.
    }
  }

  /** "广东省广州市 中国移动"; "" while it is not known. */
  function of(number: string): string {
    const place = known.get(key(number))
    if (place) return [place.area, place.carrier].filter(Boolean).join(' ')
    if (number.length >= 6) {
      if (wanted.size === 0) queueMicrotask(() => void fetchAll())
      wanted.add(number)
    }
    return ''
  }

  return { of }
})
