import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { agent, PretendedOffice, Refusal } from '../kit/office'
import { useLive } from '../live'
import type { Duty } from '../model'
import { useSession } from '../session'
import DutyPanel from './DutyPanel.vue'
import { useDuties } from './duties'
import OpenPromises from './OpenPromises.vue'
import PromiseButton from './PromiseButton.vue'

let office: PretendedOffice
let pinia: Pinia
const opened: number[] = []
const SOON = new Date(Date.now() + 3_600_000).toISOString()

function duty(more: Partial<Duty> = {}): Duty {
  return {
    id: 7,
    kind: 'promise',
    title: '报价',
    note: '',
    customer: null,
    call: 'c1',
    number: '13800138000',
    owner: '1002',
    team: '',
    queue: '',
    priority: 0,
    created_at: '2026-11-24T08:00:00Z',
    created_by: '1002',
    first_due: SOON,
    due: SOON,
    warn_at: SOON,
    stage: 0,
    escalated_to: '',
    state: 'open',
    outcome: '',
    closed_at: null,
    closed_by: '',
    about: '',
    version: 3,
    ...more,
  }
}

async function shown(part: Component, props: object): Promise<VueWrapper> {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: ['', 'customers', 'history'].map((name) => ({ path: `/${name}/:id?/:call?`, name: name || undefined, component: {} })),
  })
  const made = mount(part as never, {
    props: props as never,
    global: { plugins: [pinia, i18n, router] },
    attachTo: document.body,
  })
  await flushPromises()
  return made as VueWrapper
}

const warned = (more: object = {}): object => ({
  duty: 7,
  kind: 'promise',
  stage: 'warning',
  title: '报价',
  number: '13800138000',
  due: SOON,
  to: ['1001'],
  ...more,
})

beforeEach(async () => {
  pinia = createPinia()
  setActivePinia(pinia)
  opened.length = 0
  office = new PretendedOffice()
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', extension: '1001', language: 'zh-CN', rights: ['session', 'duty'], hidden: [] })
  office.on('GET /duties/counts', { mine: 3, due: 2, unowned: 0, overdue: 1 })
  office.on('GET /duties/kinds', {
    items: [{ name: 'promise', chinese: '承诺回电', english: 'Promise', limit: 60, needs: [], by_hand: true, outcomes: ['kept', 'not_reached'] }],
    total: 1,
  })
  await useSession().load()
  useLive().start()
  useDuties().start((id) => opened.push(id))
  const topics = { 'agents/1002': agent({ login: '1002', name: '李四' }) }
  office.socket.say('live.snapshot', { seq: 0, topics })
  await flushPromises()
})

afterEach(() => {
  useDuties().stop()
  useLive().stop()
  document.body.innerHTML = ''
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('news', () => {
  it('pop up for who is told, and lead to the duty', async () => {
    office.socket.say('duty.warned', warned())
    await flushPromises()
    const news = [...document.querySelectorAll<HTMLElement>('.duty-news')]
    expect(news.map((one) => one.textContent)).toEqual([expect.stringContaining('即将到期 · 承诺回电')])
    expect(news[0]?.textContent).toContain('报价 · 138 0013 8000')
    expect(news[0]?.getAttribute('role')).toBe('alert')
    news[0]?.click()
    expect(opened).toEqual([7])
  })

  it('of one duty are one, and go when it is closed', async () => {
    const texts = (): (string | null)[] =>
      [...document.querySelectorAll<HTMLElement>('.duty-news')]
        .filter((one) => one.style.display !== 'none' && !one.className.includes('leave'))
        .map((one) => one.querySelector('.el-notification__title')?.textContent ?? null)
    office.socket.say('duty.warned', warned())
    office.socket.say('duty.warned', warned({ stage: 'limit' }))
    office.socket.say('duty.warned', warned({ duty: 8 }))
    await flushPromises()
    expect(texts()).toEqual(['已到期 · 承诺回电', '即将到期 · 承诺回电'])
    office.socket.say('duty.changed', { duty: 7, state: 'done' })
    await flushPromises()
    expect(texts()).toEqual(['即将到期 · 承诺回电'])
  })

  it('do not for anybody else', async () => {
    office.socket.say('duty.warned', warned({ to: ['1002'] }))
    await flushPromises()
    expect(document.querySelectorAll('.duty-news')).toHaveLength(0)
  })

  it('have the mark in the menu counted again, once for many', async () => {
    vi.useFakeTimers()
    const before = office.to('GET', '/duties/counts').length
    for (let n = 0; n < 5; n += 1) office.socket.say('duty.changed', { duty: n })
    await vi.advanceTimersByTimeAsync(400)
    expect(office.to('GET', '/duties/counts')).toHaveLength(before + 1)
    expect(useDuties().changes).toBe(5)
  })
})

describe('a promise', () => {
  it('is one click of a time that is said again and again', async () => {
    office.on('POST /calls/c1/promise', duty())
    const button = await shown(PromiseButton, { call: 'c1' })
    await button.get('[data-testid=promise]').trigger('click')
    await flushPromises()
    document.querySelector<HTMLElement>('[data-testid=promise-m15]')?.click()
    await flushPromises()
    const [asked] = office.to('POST', '/calls/c1/promise')
    const body = asked?.body as { due: string; title: string }
    expect(Math.abs(Date.parse(body.due) - Date.now() - 900_000)).toBeLessThan(5000)
    expect(body.title).toBe('')
    button.unmount()
  })

  it('is seen in the next call, with who owes it, and closed there', async () => {
    office.on('GET /calls/c2/promises', { items: [duty()], total: 1 })
    office.on('POST /duties/7/done', duty({ state: 'done' }))
    const owed = await shown(OpenPromises, { call: 'c2' })
    expect(owed.text()).toContain('承诺回电 报价')
    expect(owed.text()).toContain('李四')
    office.on('GET /calls/c2/promises', { items: [], total: 0 })
    await owed.get('[data-testid=open-promise-done]').trigger('click')
    await flushPromises()
    expect(office.to('POST', '/duties/7/done').map((asked) => asked.body)).toEqual([{ version: 3 }])
    expect(owed.find('[data-testid=open-promises]').exists()).toBe(false)
    owed.unmount()
  })

  it('that is late says so in words', async () => {
    office.on('GET /customers/5/promises', { items: [duty({ due: '2026-01-01T00:00:00Z' })], total: 1 })
    const owed = await shown(OpenPromises, { customer: 5 })
    expect(owed.get('[data-testid=open-promise]').text()).toContain('! 逾期')
    expect(owed.find('[data-testid=open-promise-done]').exists()).toBe(false)
    owed.unmount()
  })
})

describe('one duty', () => {
  it('that somebody has changed meanwhile is shown as it is now, and what was typed stays', async () => {
    office.on('GET /duties/7', { duty: duty(), steps: [] })
    office.on('POST /duties/7/cancel', new Refusal(409, 'changed_meanwhile'))
    const panel = await shown(DutyPanel, { id: 7 })
    await panel.get('[data-testid=duty-cancel]').trigger('click')
    await panel.get('[data-testid=duty-text]').setValue('客户不要了')
    office.on('GET /duties/7', { duty: duty({ title: '新的标题', version: 4 }), steps: [] })
    await panel.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/duties/7/cancel').map((asked) => asked.body)).toEqual([
      { version: 3, text: '客户不要了' },
    ])
    expect(panel.text()).toContain('新的标题')
    expect((panel.get('[data-testid=duty-text]').element as HTMLTextAreaElement).value).toBe('客户不要了')
    expect(document.body.textContent).toContain('别人刚修改过')
    panel.unmount()
  })

  it('is done with an outcome of its kind', async () => {
    office.on('GET /duties/7', { duty: duty(), steps: [] })
    office.on('POST /duties/7/done', duty({ state: 'done', outcome: 'kept' }))
    const panel = await shown(DutyPanel, { id: 7 })
    await panel.get('[data-testid=duty-done]').trigger('click')
    expect(panel.findAll('.el-radio-button').map((one) => one.text())).toEqual(['已回电', '联系不上'])
    await panel.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/duties/7/done').map((asked) => asked.body)).toEqual([
      { version: 3, outcome: 'kept', text: '' },
    ])
    panel.unmount()
  })

  it('is not put off without a time and a reason', async () => {
    office.on('GET /duties/7', { duty: duty(), steps: [] })
    const panel = await shown(DutyPanel, { id: 7 })
    await panel.get('[data-testid=duty-postpone]').trigger('click')
    await panel.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/duties/7/postpone')).toHaveLength(0)
    expect(document.body.textContent).toContain('请把各项填完整')
    panel.unmount()
  })
})
