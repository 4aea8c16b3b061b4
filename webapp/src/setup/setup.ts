/** How far the set-up is: what the office has. Nothing is kept but there, so that it goes on after any break. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api } from '../api'
import type { Extension, Queue, Trunk, User } from '../model'
import { faultText } from '../saying'
import { setupApi } from './api'
import { STEPS, type SetupState, type StepName } from './model'

export const LATER = 'callcenterd.setup-later'

export interface Numbered {
  match: string
  flow: string
}

export const useSetup = defineStore('setup', () => {
  const state = ref<SetupState | null>(null)
  /** Milliseconds by which this computer's clock is ahead of the server's. */
  const clockOff = ref(0)
  const answered = ref(false)
  const trunks = shallowRef<Trunk[]>([])
  const users = shallowRef<User[]>([])
  const extensions = shallowRef<Extension[]>([])
  const queues = shallowRef<Queue[]>([])
  const numbers = shallowRef<Numbered[]>([])
  const fault = ref('')
  /** Known only here and now: by extension. */
  const phonePasswords = ref<Record<string, string>>({})
  const webPasswords = ref<Record<string, string>>({})

  async function load(): Promise<void> {
    try {
      const [now, calls, lines, people, phones, groups, called] = await Promise.all([
        setupApi.state(),
        setupApi.answered(),
        api.things('trunks'),
        api.things('users'),
        api.things('extensions'),
        api.things('queues'),
        api.things('numbers'),
      ])
      state.value = now
      clockOff.value = Date.now() - Date.parse(now.time)
      answered.value = calls.total > 0
      trunks.value = lines.items
      users.value = people.items
      extensions.value = phones.items
      queues.value = groups.items
      numbers.value = called.items
      fault.value = ''
    } catch (why) {
      fault.value = faultText(why)
    }
  }

  /** Which phones are registered now: asked often while somebody waits for one. */
  async function look(): Promise<void> {
    try {
      extensions.value = (await api.things('extensions')).items
    } catch {
      // The page's lamp says that the server is away.
    }
  }

  const agents = computed(() => users.value.filter((user) => user.extension !== null))
  const done = computed<Record<StepName, boolean>>(() => ({
    office: state.value?.own_password ?? false,
    trunk: trunks.value.length > 0,
    agent: agents.value.length > 0,
    queue: queues.value.some((queue) => queue.members.length > 0),
    number: numbers.value.length > 0,
    call: answered.value,
  }))
  const first = computed<StepName>(() => STEPS.find((step) => !done.value[step]) ?? 'office')

  return { state, clockOff, answered, trunks, users, extensions, queues, numbers, fault, phonePasswords, webPasswords, agents, done, first, load, look }
})

/** Is it an office in which nobody can call in, and did nobody here put this off? */
export async function isEmpty(): Promise<boolean> {
  if (localStorage.getItem(LATER)) return false
  const state = await setupApi.state()
  return state.numbers === 0 && state.queues === 0 && state.trunks === 0
}
