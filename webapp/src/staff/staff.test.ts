import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import HelpButton from '../help/HelpButton.vue'
import HelpStrip from '../help/HelpStrip.vue'
import type { HelpRequest } from '../help/model'
import { i18n } from '../i18n'
import { agent, PretendedOffice, Refusal } from '../kit/office'
import { useLive } from '../live'
import { useSession } from '../session'
import type { StaffMessage } from './model'
import { useStaff } from './staff'
import StaffDrawer from './StaffDrawer.vue'

let office: PretendedOffice
let pinia: Pinia
let made: VueWrapper | null = null
const AT = '2026-11-24T08:00:00Z'

function message(id: number, by: string, text: string, more: Partial<StaffMessage> = {}): StaffMessage {
  return {
    ...{ id, kind: 'message', at: AT, by, to: by === '1001' ? '2001' : '1001', subject: '', text },
    ...{ audience: { people: [], teams: [], roles: [] }, confirm: false, since: AT, until: null, withdrawn_at: null },
    ...{ read_at: null, confirmed_at: null, of: 0, read: 0, confirmed: 0 },
    ...more,
  } as StaffMessage
}

function request(more: Partial<HelpRequest> = {}): HelpRequest {
  return {
    ...{ id: 3, agent: '1001', asked_at: AT, call: 'c1', text: '退款', by_phone: false, state: 'open' as const },
    ...{ taken_by: '', taken_at: null, answered_at: null, version: 1 },
    ...more,
  }
}

function signedIn(login: string, role: 'agent' | 'supervisor'): void {
  const rights = ['staff_message', 'help', ...(role === 'agent' ? [] : ['help.answer', 'staff_notice', 'call.listen', 'call.barge'])]
  useSession().me = { login, name: login === '1001' ? '张三' : '王班长', role, extension: null, language: 'zh-CN', rights, hidden: [] }
}

function topics(of: Record<string, unknown>): void {
  office.socket.say('live.snapshot', { seq: 1, topics: of })
}

beforeEach(() => {
  localStorage.clear()
  i18n.global.locale.value = 'zh-CN'
  office = new PretendedOffice()
  setActivePinia((pinia = createPinia()))
  office.on('GET /colleagues', { items: [{ login: '2001', name: '王班长', role: 'supervisor', own_role: '', teams: [], notify: false }], total: 1, teams: [], roles: [] })
  office.on('GET /conversations', { items: [], total: 0 })
  office.on('GET /listening', { items: [], total: 0 })
  office.on('GET /staff-messages/unread', { messages: 2, notices: 1, announcements: 0, next_at: null })
  office.on('GET /staff-messages', { items: [], total: 0 })
})
afterEach(() => {
  made?.unmount()
  made = null
  useStaff().stop()
  useLive().stop()
})

describe('messages', () => {
  it('count what waits, again with each news, and after a lost connection', async () => {
    signedIn('1001', 'agent')
    useLive().start()
    useStaff().start()
    topics({})
    await flushPromises()
    expect(useStaff().count).toBe(3)
    const before = office.to('GET', '/staff-messages/unread').length
    office.socket.say('staff.message', { message: 9, kind: 'message', by: '2001', to: ['1001'], subject: '', text: '在吗', confirm: false })
    await new Promise((done) => setTimeout(done, 300))
    expect(office.to('GET', '/staff-messages/unread')).toHaveLength(before + 1)
    office.socket.lose()
    await flushPromises()
    useLive().hurry()
    topics({})
    await new Promise((done) => setTimeout(done, 300))
    expect(office.to('GET', '/staff-messages/unread')).toHaveLength(before + 2)
  })

  it('are read when they are shown, and what is typed survives a fault and a reload', async () => {
    signedIn('1001', 'agent')
    const staff = useStaff()
    office.on('GET /staff-messages', { items: [message(6, '1001', '好'), message(5, '2001', '在吗')], total: 2 })
    office.on('POST /staff-messages/5/read', message(5, '2001', '在吗', { read_at: AT }))
    await staff.talkTo('2001')
    expect(staff.said.map(({ text }) => text)).toEqual(['在吗', '好'])
    expect(office.to('POST', '/staff-messages/5/read')).toHaveLength(1)

    staff.type('马上来')
    office.on('POST /staff-messages', new Refusal(503))
    await expect(staff.send()).rejects.toBeDefined()
    expect(staff.draft.text).toBe('马上来')
    staff.leaveTalk()
    setActivePinia((pinia = createPinia()))
    signedIn('1001', 'agent')
    const anew = useStaff()
    await anew.talkTo('2001')
    expect(anew.draft.text, 'after a reload').toBe('马上来')
    office.on('POST /staff-messages', message(7, '1001', '马上来'))
    await anew.send()
    const [first, second] = office.to('POST', '/staff-messages').map(({ body }) => body as { key: string; text: string })
    expect(second?.key, 'the server keeps it once').toBe(first?.key)
    expect(anew.draft).toEqual({ text: '', key: expect.not.stringMatching(first?.key ?? '') as string })
    expect(anew.said.at(-1)?.text).toBe('马上来')
  })

  it('show in the drawer who has read what, and a notice is confirmed there', async () => {
    signedIn('1001', 'agent')
    const staff = useStaff()
    await staff.loadUnread()
    const notice = message(8, '2001', '明早八点开会', { kind: 'notice', subject: '会议', confirm: true, to: '' })
    office.on('GET /staff-messages', ({ query }: { query: URLSearchParams }) =>
      query.get('kind') === 'notice' ? { items: [notice], total: 1 } : { items: [message(6, '1001', '好', { read_at: AT })], total: 1 },
    )
    office.on('POST /staff-messages/8/confirm', { ...notice, read_at: AT, confirmed_at: AT })
    staff.show('notices')
    made = mount(StaffDrawer, { global: { plugins: [pinia, i18n] }, attachTo: document.body })
    await flushPromises()
    const page = document.body
    expect(page.querySelector('[data-testid=notice-card]')?.textContent).toContain('明早八点开会')
    page.querySelector<HTMLElement>('[data-testid=notice-done]')?.click()
    await flushPromises()
    expect(office.to('POST', '/staff-messages/8/confirm')).toHaveLength(1)
    await staff.talkTo('2001')
    await flushPromises()
    expect(page.querySelector('[data-testid=staff-mark]')?.textContent).toContain('已读')
  })
})

describe('a call for help', () => {
  it('is one press of the agent, who sees who sees to it', async () => {
    signedIn('1001', 'agent')
    office.on('POST /help', request())
    made = mount(HelpButton, { global: { plugins: [pinia, i18n] }, attachTo: document.body })
    useLive().start()
    await made.get('[data-testid=help-ask]').trigger('click')
    await flushPromises()
    expect(office.to('POST', '/help')[0]?.body).toEqual({ text: '' })
    topics({ 'help/1001': request({ state: 'taken', taken_by: '2001', taken_at: AT }), 'agents/2001': agent({ login: '2001', name: '王班长' }) })
    await flushPromises()
    expect(made.get('[data-testid=help-state]').text()).toContain('王班长 正在处理')
  })

  it('is shown to a supervisor with the call, listened to and seen to from there', async () => {
    signedIn('2001', 'supervisor')
    useLive().start()
    const line = { call: 'c1', direction: 'inbound', state: 'talking', caller: '13800138000', called: '1', agent: '1001', since: AT, started_at: AT, one_way: [] }
    topics({ 'help/1001': request(), 'help/2001': request({ id: 4, agent: '2001' }), 'agents/1001': agent({ state: 'talking', call: 'c1' }), 'lines/c1': line })
    office.on('POST /calls/c1/listen', { call: 'c1', by: '2001', mode: 'whisper', since: AT, agent: '1001' })
    office.on('POST /help/3/take', request({ state: 'taken', taken_by: '2001', version: 2 }))
    made = mount(HelpStrip, { global: { plugins: [pinia, i18n] }, attachTo: document.body })
    await flushPromises()
    const rows = made.findAll('[data-testid=help-request]')
    expect(rows.map((row) => row.attributes('data-agent'))).toEqual(['1001'])
    expect(rows[0]?.text()).toContain('138 0013 8000')
    await made.get('[data-testid=help-whisper]').trigger('click')
    await flushPromises()
    expect(office.to('POST', '/calls/c1/listen')[0]?.body).toEqual({ mode: 'whisper' })
    expect(office.to('POST', '/help/3/take')[0]?.body).toEqual({ version: 1 })
    office.socket.say('live.changed', { seq: 2, changes: { 'help/1001': null } })
    await flushPromises()
    expect(made.find('[data-testid=help-strip]').exists()).toBe(false)
  })
})
