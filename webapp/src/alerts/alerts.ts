/** Tells a person by the desktop and by sound, as they have chosen: a ringing call, a message, a call for help, a duty. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

import { useDesk } from '../desk/desk'
import type { Fact } from '../feed'
import { useHelp } from '../help/help'
import { i18n } from '../i18n'
import { useLive } from '../live'
import { groupDigits } from '../numbers'
import { usePhone } from '../phone/phone'
import { useSession } from '../session'
import { useStaff } from '../staff/staff'
import { Once } from './once'
import { keep, kept, nothing, type Occasion, type Wanted, type Way } from './settings'
import { Tones } from './tones'

export type Leave = NotificationPermission | 'none'

export const useAlerts = defineStore('alerts', () => {
  const live = useLive()
  const session = useSession()
  const desk = useDesk()
  const phone = usePhone()
  const help = useHelp()
  const staff = useStaff()

  const wanted = ref<Wanted>(nothing())
  /** What the browser says to notifications; none: it has none, or not without https. */
  const leave = ref<Leave>('none')
  const tones = new Tones()
  const once = new Once(localStorage)
  const shown = new Map<string, Notification>()
  let stops: (() => void)[] = []

  const t = (key: string, named: Record<string, unknown> = {}): string => i18n.global.t(key, named)
  const me = (): string => session.me?.login ?? ''

  function look(): void {
    leave.value = 'Notification' in window && window.isSecureContext ? Notification.permission : 'none'
  }

  /** Asks the browser when a person switches the first one on, and never by itself. */
  async function choose(occasion: Occasion, way: Way, on: boolean): Promise<void> {
    look()
    if (on && way === 'desktop' && leave.value === 'default') leave.value = await Notification.requestPermission()
    const given = on && (way === 'sound' || leave.value === 'granted')
    wanted.value = { ...wanted.value, [occasion]: { ...wanted.value[occasion], [way]: given } }
    keep(me(), wanted.value, localStorage)
    if (given && way === 'sound' && (await tones.ready())) tones.play(occasion === 'call' ? 'duty' : occasion)
  }

  /** key: the same in every tab of this browser. */
  async function tell(occasion: Occasion, key: string, title: string, body: string): Promise<void> {
    const ways = wanted.value[occasion]
    const focused = document.hasFocus()
    if (ways.sound && (await tones.ready()) && (await once.mine(`${key}.sound`, focused))) {
      if (occasion !== 'call') tones.play(occasion)
      else if (desk.ringing && !phone.ringing) tones.ring() // the page that is the phone has its own bell
    }
    look()
    if (ways.desktop && leave.value === 'granted' && (await once.mine(`${key}.desktop`, focused)) && !focused) {
      const note = new Notification(title, { body, tag: key, requireInteraction: occasion === 'help' })
      note.onclick = () => {
        window.focus()
        note.close()
      }
      shown.set(key, note)
      note.onclose = () => void shown.delete(key)
    }
  }

  function heard(fact: Fact): void {
    const { type, data } = fact
    if (type === 'staff.message' && data.by !== me()) {
      const title = data.kind === 'message' ? t('staff.from', { who: staff.nameOf(String(data.by)) }) : String(data.subject)
      void tell('message', `message.${String(data.message)}`, title, String(data.text).slice(0, 120))
    }
    if (type === 'help.changed' && help.answers && data.agent !== me()) {
      const key = `help.${String(data.request)}`
      // Reminded of is told of again.
      if (data.step === 'asked' || data.step === 'again') {
        void tell('help', `${key}.${fact.at}`, t('alerts.helpOf', { who: staff.nameOf(String(data.agent)) }), '')
      } else {
        for (const [known, note] of shown) if (known.startsWith(`${key}.`)) note.close()
      }
    }
    if (type === 'duty.warned' && (data.to as string[]).includes(me())) {
      void tell('duty', `duty.${String(data.duty)}.${String(data.stage)}`, t(`duties.news.${String(data.stage)}`), String(data.title))
    }
  }

  function start(): void {
    if (stops.length) return
    wanted.value = kept(me(), localStorage)
    look()
    /** Another tab has chosen otherwise. */
    const chosen = (event: StorageEvent): void => {
      if (event.key?.startsWith('callcenterd.alerts')) wanted.value = kept(me(), localStorage)
    }
    window.addEventListener('storage', chosen)
    stops = [
      live.listen(heard),
      watch(
        () => desk.ringing,
        (now, before) => {
          if (before && before.call !== now?.call) {
            tones.stopRinging()
            shown.get(`call.${before.call}`)?.close()
          }
          if (now) {
            void tell('call', `call.${now.call}`, t('desk.incoming'), groupDigits(now.caller) || t('desk.unknownNumber'))
          }
        },
      ),
      () => window.removeEventListener('storage', chosen),
    ]
  }

  function stop(): void {
    for (const one of stops) one()
    stops = []
    for (const note of shown.values()) note.close()
    tones.close()
  }

  return { wanted, leave, choose, tell, start, stop }
})
