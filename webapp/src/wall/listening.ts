/** What this supervisor listens to now, and the wishes to listen, whisper, barge in, take over, stop (SUP-02). */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from '../api'
import { useLive } from '../live'
import type { Listening, ListenMode } from '../model'
import { may } from '../rights'
import { useSession } from '../session'

const RING_LOOK = 2000

export const useListening = defineStore('listening', () => {
  const live = useLive()
  const session = useSession()

  const mine = ref<Listening | null>(null)
  let again: ReturnType<typeof setTimeout> | undefined
  const allowed = computed(() => may(session.me, 'call.listen'))
  const mayBarge = computed(() => may(session.me, 'call.barge'))
  const modes = computed<ListenMode[]>(() => (mayBarge.value ? ['listen', 'whisper', 'barge'] : ['listen']))

  /** In which way this call is listened to; null: it is not. */
  function modeOf(call: string): ListenMode | null {
    return mine.value?.call === call ? mine.value.mode : null
  }

  async function load(): Promise<void> {
    if (!allowed.value) return
    const { items } = await api.listening()
    take(items.find((one) => one.by === session.me?.login) ?? null)
  }

  /** A phone that rings and is not taken is told by nobody: it is looked at again until it is decided. */
  function take(now: Listening | null): void {
    clearTimeout(again)
    mine.value = now
    if (now?.since === null) again = setTimeout(() => void load().catch(() => undefined), RING_LOOK)
  }

  async function listen(call: string, mode: ListenMode): Promise<void> {
    take(await api.listen(call, mode))
  }

  async function stop(): Promise<void> {
    await api.stopListening()
    take(null)
  }

  /** The supervisor speaks with the customer from now on: that is listening no more. */
  async function takeOver(call: string): Promise<void> {
    await api.takeOver(call)
    take(null)
  }

  /** Follows what is told until the answer is called: a phone that was hung up, or a conversation that is over. */
  function follow(fault: (why: unknown) => void): () => void {
    const stopWaiting = live.whenBack(() => void load().catch(fault))
    const stopListening = live.listen((fact) => {
      const own = fact.type === 'call.monitored' && fact.data.by === session.me?.login
      // A page that was the phone and is not in a call any more was not heard to stop: it may never have picked up.
      const left = fact.type === 'phone.page' && fact.data.state !== 'talking' && mine.value !== null
      if (own || left) load().catch(fault)
    })
    return () => {
      stopWaiting()
      stopListening()
    }
  }

  return { mine, allowed, mayBarge, modes, modeOf, load, listen, stop, takeOver, follow }
})
