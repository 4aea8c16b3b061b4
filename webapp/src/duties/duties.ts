/**
 * Duties as every page has them: the mark in the menu, and the news that one is soon due or due. News stay until they
 * are closed where the limit is reached; at most three at once, the newest.
 */
import { ElNotification, type NotificationHandle } from 'element-plus/es/components/notification/index'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

import { api } from '../api'
import { i18n } from '../i18n'
import { useLive } from '../live'
import type { DutyCounts, DutyKind } from '../model'
import { groupDigits } from '../numbers'
import { useSession } from '../session'
import { wordOf } from '../words'
import { shortTime } from './times'

const PAUSE = 300
const EVERY = 60_000
const MOST = 3
const WARNING_SECONDS = 30

export const useDuties = defineStore('duties', () => {
  const live = useLive()
  const session = useSession()
  const counts = ref<DutyCounts | null>(null)
  const kinds = shallowRef<DutyKind[]>([])
  /** Grows with every change of any duty: who shows some reads them again. */
  const changes = ref(0)
  /** The newest of each duty, in the order in which they came. */
  const shown = new Map<number, NotificationHandle>()
  let stops: (() => void)[] = []
  let pause: ReturnType<typeof setTimeout> | undefined
  let open: (id: number) => void = () => undefined

  const t = (key: string, named: Record<string, unknown> = {}): string => i18n.global.t(key, named)
  const te = (key: string): boolean => i18n.global.te(key)

  function kindName(kind: string): string {
    const known = kinds.value.find(({ name }) => name === kind)
    if (known) return i18n.global.locale.value === 'en' ? known.english : known.chinese
    return wordOf('duties.kinds', kind, t, te)
  }

  function what(duty: { kind: string; title: string; number: string }): string {
    return [duty.title, groupDigits(duty.number)].filter(Boolean).join(' · ') || kindName(duty.kind)
  }

  async function load(): Promise<void> {
    if (!session.may('duties')) {
      counts.value = null
      return
    }
    try {
      counts.value = await api.dutyCounts()
    } catch {
      counts.value = null // the mark is a courtesy: the page itself says what is wrong
    }
  }

  /** anew: an administrator may have given them other names. */
  async function loadKinds(anew = false): Promise<void> {
    if (anew || kinds.value.length === 0) kinds.value = (await api.dutyKinds()).items
  }

  function soon(): void {
    changes.value += 1
    clearTimeout(pause)
    pause = setTimeout(() => void load(), PAUSE)
  }

  function drop(id: number): void {
    shown.get(id)?.close()
    shown.delete(id)
  }

  function news(data: Record<string, unknown>): void {
    const to = data.to as string[]
    if (!to.includes(session.me?.login ?? '')) return
    const id = Number(data.duty)
    const stage = String(data.stage)
    const duty = { kind: String(data.kind), title: String(data.title), number: String(data.number) }
    const told = ElNotification({
      title: `${t(`duties.news.${stage}`)} · ${kindName(duty.kind)}`,
      message: `${what(duty)}  ${shortTime(String(data.due), Date.now() + live.offset)}`,
      type: stage === 'warning' ? 'warning' : 'error',
      duration: stage === 'warning' ? WARNING_SECONDS * 1000 : 0,
      position: 'bottom-right',
      customClass: 'duty-news',
      onClick: () => {
        drop(id)
        open(id)
      },
    })
    drop(id)
    shown.set(id, told)
    const [oldest] = shown.keys()
    if (shown.size > MOST && oldest !== undefined) drop(oldest)
  }

  function start(opening: (id: number) => void): void {
    open = opening
    void load()
    // Without them they have the names as shipped; the page of duties says what is wrong.
    if (session.may('duties')) loadKinds().catch(() => undefined)
    const timer = setInterval(() => void load(), EVERY) // what becomes due by itself
    stops = [
      live.listen((fact) => {
        if (fact.type === 'duty.warned') news(fact.data)
        if (fact.type === 'duty.changed' && fact.data.state !== 'open') drop(Number(fact.data.duty))
        if (fact.type === 'duty.warned' || fact.type === 'duty.changed') soon()
      }),
      live.whenBack(soon),
      () => clearInterval(timer),
    ]
  }

  function stop(): void {
    for (const one of stops) one()
    for (const id of [...shown.keys()]) drop(id)
    clearTimeout(pause)
  }

  return { counts, kinds, changes, kindName, what, load, loadKinds, start, stop }
})
