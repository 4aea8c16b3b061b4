/**
 * Messages and callbacks that somebody still has to see to. Read when a page shows them, and again when a call ends
 * in one, or somebody else has changed one; a role that may not see them has none (`allowed`).
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api, ApiError } from '../api'
import { useLive } from '../live'
import { UNDONE, type Callback, type CallbackState, type Voicemail } from '../model'
import { faultText } from '../saying'
import { has } from '../rights'
import { useSession } from '../session'

const LIMIT = 100
/** The call's end is told before the message is in the store; a message is not urgent to the second. */
const PAUSE = 1000
const CHANGES = new Set(['voicemail.left', 'voicemail.marked', 'voicemail.removed', 'callback.changed'])

export const useMessages = defineStore('messages', () => {
  const live = useLive()
  const session = useSession()
  const voicemail = shallowRef<Voicemail[] | null>(null)
  const callbacks = shallowRef<Callback[] | null>(null)
  const allowed = ref(true)
  const fault = ref('')
  const openVoicemail = computed(() => (voicemail.value ?? []).filter((message) => !message.done).length)
  const openCallbacks = computed(() => (callbacks.value ?? []).filter((asked) => UNDONE.includes(asked.state)).length)

  async function load(): Promise<void> {
    if (!allowed.value) return
    try {
      const [left, asked] = await Promise.all([
        has(session.me, 'voicemail') ? api.voicemail({ done: 'false', limit: LIMIT }) : null,
        has(session.me, 'callbacks') ? api.callbacks({ undone: 'true', limit: LIMIT }) : null,
      ])
      voicemail.value = left?.items ?? []
      callbacks.value = asked?.items ?? []
      fault.value = ''
    } catch (why) {
      if (why instanceof ApiError && why.status === 403) allowed.value = false
      else fault.value = faultText(why)
    }
  }

  /** What is seen to stays in the list, marked, until the list is read again: a slip can be taken back. */
  async function mark(message: Voicemail, done: boolean): Promise<void> {
    await change(message, { done })
  }

  async function change(message: Voicemail, wanted: Parameters<typeof api.changeVoicemail>[1]): Promise<void> {
    const changed = await api.changeVoicemail(message.id, wanted)
    voicemail.value = (voicemail.value ?? []).map((known) => (known.id === changed.id ? changed : known))
  }

  async function markCallback(asked: Callback, state: CallbackState): Promise<void> {
    const marked = await api.markCallback(asked.id, state)
    callbacks.value = (callbacks.value ?? []).map((known) => (known.id === marked.id ? marked : known))
  }

  let pause: ReturnType<typeof setTimeout> | undefined
  live.listen((fact) => {
    const outcome = fact.type === 'call.ended' ? fact.data.outcome : null
    // What one does oneself is in the list already, and stays in it until it is read again.
    const others = CHANGES.has(fact.type) && fact.data.by !== session.me?.login
    if (outcome !== 'voicemail' && outcome !== 'callback' && !others) return
    if (voicemail.value === null) return // no page shows them yet
    clearTimeout(pause)
    pause = setTimeout(() => void load(), PAUSE)
  })

  live.whenBack(() => {
    if (voicemail.value !== null) void load()
  })

  return { voicemail, callbacks, allowed, fault, openVoicemail, openCallbacks, load, mark, change, markCallback }
})
