import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { PretendedOffice } from '../kit/office'
import { useLive } from '../live'
import { useSession } from '../session'
import { useAlerts } from './alerts'
import { Once } from './once'
import { keep, kept, nothing } from './settings'

class PretendedNotification {
  static permission: NotificationPermission = 'default'
  static asked = 0
  static answers: NotificationPermission = 'granted'
  static shown: PretendedNotification[] = []
  onclick: (() => void) | null = null
  onclose: (() => void) | null = null
  closed = false
  constructor(
    readonly title: string,
    readonly options: NotificationOptions = {},
  ) {
    PretendedNotification.shown.push(this)
  }
  static async requestPermission(): Promise<NotificationPermission> {
    PretendedNotification.asked += 1
    PretendedNotification.permission = PretendedNotification.answers
    return PretendedNotification.permission
  }
  close(): void {
    this.closed = true
    this.onclose?.()
  }
}

let office: PretendedOffice

beforeEach(() => {
  localStorage.clear()
  office = new PretendedOffice()
  Object.assign(PretendedNotification, { permission: 'default', asked: 0, answers: 'granted', shown: [] })
  vi.stubGlobal('Notification', PretendedNotification)
  vi.stubGlobal('isSecureContext', true)
  vi.useFakeTimers()
  vi.spyOn(document, 'hasFocus').mockReturnValue(false)
  setActivePinia(createPinia())
  const rights = ['staff_message', 'help', 'help.answer']
  useSession().me = { login: '2001', name: '王班长', role: 'supervisor', extension: null, language: 'zh-CN', rights, hidden: [] }
})
afterEach(() => {
  useAlerts().stop()
  useLive().stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function asks(step: string): void {
  office.socket.say('help.changed', { request: 3, agent: '1001', call: null, state: 'open', taken_by: '', step, by: '1001' }, '2026-11-24T08:00:00Z')
}

describe('of several tabs', () => {
  it('one tells of a thing, the one in front if there is one', async () => {
    const tabs = [new Once(localStorage), new Once(localStorage), new Once(localStorage)]
    const told = Promise.all(tabs.map((tab, n) => tab.mine('call.c1', n === 1)))
    await vi.advanceTimersByTimeAsync(400)
    expect(await told).toEqual([false, true, false])
    const none = Promise.all(tabs.map((tab) => tab.mine('call.c2', false)))
    await vi.advanceTimersByTimeAsync(400)
    expect((await none).filter(Boolean)).toHaveLength(1)
    const late = new Once(localStorage).mine('call.c1', true)
    await vi.advanceTimersByTimeAsync(400)
    expect(await late, 'it was told').toBe(false)
  })

  it('forget what is long over', async () => {
    let now = 0
    const tab = new Once(localStorage, () => now)
    void tab.mine('call.c1', true)
    await vi.advanceTimersByTimeAsync(100)
    now = 601_000
    void tab.mine('call.c2', true)
    await vi.advanceTimersByTimeAsync(100)
    expect(Object.keys(localStorage)).toEqual(['callcenterd.told.call.c2'])
  })
})

describe('alerts', () => {
  it('are off until somebody wants them, and the browser is asked only then', async () => {
    const alerts = useAlerts()
    useLive().start()
    alerts.start()
    asks('asked')
    await vi.advanceTimersByTimeAsync(500)
    expect([PretendedNotification.asked, PretendedNotification.shown.length]).toEqual([0, 0])
    await alerts.choose('help', 'desktop', true)
    expect(PretendedNotification.asked).toBe(1)
    expect(kept('2001', localStorage).help.desktop).toBe(true)
    expect(kept('1001', localStorage).help.desktop, 'each person chooses').toBe(false)
    asks('again')
    await vi.advanceTimersByTimeAsync(500)
    const [note] = PretendedNotification.shown
    expect(note?.title).toContain('1001')
    asks('taken')
    await flushPromises()
    expect(note?.closed).toBe(true)
  })

  it('are not switched on when the browser says no, and nothing pops up over a page in front', async () => {
    const alerts = useAlerts()
    useLive().start()
    alerts.start()
    PretendedNotification.answers = 'denied'
    await alerts.choose('message', 'desktop', true)
    expect(alerts.wanted.message.desktop).toBe(false)
    expect(alerts.leave).toBe('denied')
    PretendedNotification.permission = 'granted'
    keep('2001', { ...nothing(), message: { desktop: true, sound: false } }, localStorage)
    alerts.stop()
    alerts.start()
    vi.spyOn(document, 'hasFocus').mockReturnValue(true)
    const news = { message: 9, kind: 'message', by: '1001', to: ['2001'], subject: '', text: '在吗', confirm: false }
    office.socket.say('staff.message', news)
    await vi.advanceTimersByTimeAsync(500)
    expect(PretendedNotification.shown).toEqual([])
    vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    office.socket.say('staff.message', { ...news, message: 10 })
    office.socket.say('staff.message', { ...news, message: 11, by: '2001' })
    await vi.advanceTimersByTimeAsync(500)
    expect(PretendedNotification.shown.map(({ options }) => options.body)).toEqual(['在吗'])
  })
})
