/** What may be done with a call now, and the orders. The server says what is possible, the role what is allowed. */
import { computed, ref, type ComputedRef, type Ref } from 'vue'

import { useDesk, type Tab } from '../desk/desk'
import { i18n } from '../i18n'
import { useLive } from '../live'
import { may } from '../rights'
import { say } from '../saying'
import { useSession } from '../session'
import { controlsApi } from './api'
import type { Control, Person, Purpose, Whom } from './model'

const RIGHT: Partial<Record<Control, string>> = {
  hang_up: 'call.hang_up',
  record: 'recording.start',
  record_no_more: 'recording.stop',
  pause: 'recording.pause',
}
/** The order's address, where it is another word. */
const PATHS: Partial<Record<Control, string>> = {
  hang_up: 'hang-up',
  record: 'recording/start',
  record_no_more: 'recording/stop',
}

export interface Controls {
  people: ComputedRef<Person[]>
  me: ComputedRef<Person | undefined>
  paused: ComputedRef<string | null>
  busy: Ref<boolean>
  can: (control: Control) => boolean
  order: (control: Control) => Promise<void>
  turnMute: () => Promise<void>
  turnPause: () => Promise<void>
  park: () => Promise<void>
  press: (key: string) => Promise<void>
  send: (purpose: Purpose, whom: Whom) => Promise<boolean>
  doing: (work: () => Promise<unknown>) => Promise<boolean>
}

export function useControls(tab: () => Tab): Controls {
  const desk = useDesk()
  const live = useLive()
  const session = useSession()
  const busy = ref(false)

  const line = computed(() => live.line(tab().call))
  const people = computed(() => line.value?.people ?? [])
  const me = computed(() => {
    const own = people.value.filter((one) => one.agent === session.me?.login)
    return own.find((one) => one.state !== 'ringing') ?? own[0]
  })
  const paused = computed(() => line.value?.paused_since ?? null)

  function can(control: Control): boolean {
    return (me.value?.can.includes(control) ?? false) && may(session.me, RIGHT[control] ?? 'call.control')
  }

  async function doing(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    try {
      await work()
      return true
    } catch (why) {
      say.fault(why)
      return false
    } finally {
      busy.value = false
    }
  }

  async function order(control: Control): Promise<void> {
    await doing(() => controlsApi.order(tab().call, PATHS[control] ?? control))
  }

  async function turnMute(): Promise<void> {
    await doing(() => controlsApi.mute(tab().call, !me.value?.muted))
  }

  async function turnPause(): Promise<void> {
    await doing(() => controlsApi.order(tab().call, paused.value ? 'recording/resume' : 'recording/pause'))
  }

  async function park(): Promise<void> {
    await doing(async () => {
      await desk.save(tab())
      const { slot } = await controlsApi.park(tab().call)
      say.done(i18n.global.t('controls.parkedAt', { slot }))
    })
  }

  /** Each key at once, in their order, whatever else is under way. */
  let keys: Promise<unknown> = Promise.resolve()
  async function press(key: string): Promise<void> {
    keys = keys.then(() => controlsApi.keys(tab().call, key)).catch(say.fault)
    await keys
  }

  /** What was typed goes along: the colleague reads the note as it is now. */
  function send(purpose: Purpose, whom: Whom): Promise<boolean> {
    return doing(async () => {
      await desk.save(tab())
      await controlsApi[purpose](tab().call, whom)
    })
  }

  return { people, me, paused, busy, can, order, turnMute, turnPause, park, press, send, doing }
}
