import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { agent, call, customer, PretendedOffice, Refusal } from '../kit/office'
import { useLive } from '../live'
import { useDesk } from '../desk/desk'
import type { AgentState } from '../model'
import { useSession } from '../session'
import type { Shown } from './model'
import { useNextCustomer } from './next'
import NextCustomer from './NextCustomer.vue'

const person = (entry: number, more: Partial<Shown> = {}): Shown => ({
  agent: '1001',
  campaign: 7,
  title: '春季回访',
  queue: 'sales',
  entry,
  number: '13800138000',
  name: `客户${entry}`,
  customer: null,
  fields: { 车型: '轿车' },
  attempts: 0,
  until: new Date(Date.now() + 60_000).toISOString(),
  dials: false,
  ...more,
})
const SHOWING = [
  { id: 7, name: '春季回访', queue: 'sales', doing: 'nothing_due' },
  { id: 9, name: '满意度', queue: 'sales', doing: 'closed' },
]
let office: PretendedOffice
let pinia: Pinia
let seq: number

beforeEach(() => {
  vi.useFakeTimers()
  office = new PretendedOffice()
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', rights: ['session', 'desk', 'campaign.preview'], off: [], extension: '1001', language: 'zh-CN' })
  office.on('GET /campaigns/preview', { preview: null, campaigns: SHOWING })
  office.on('GET /customers', { items: [customer(3)], total: 1 })
  office.on('GET /customers/5', customer(5))
  office.on('GET /calls', { items: [call('c1')], total: 1 })
  office.on('GET /desk', { agent: agent(), pop: null })
  office.on('POST /agents/1001', agent())
  office.on('POST /number_places', { items: [] })
  pinia = createPinia()
  setActivePinia(pinia)
})
enableAutoUnmount(afterEach)
afterEach(() => {
  useNextCustomer().stop()
  useDesk().stop()
  useLive().stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function become(state: AgentState): void {
  seq += 1
  office.socket.say('live.changed', { seq, changes: { 'agents/1001': agent({ state }) } })
}
async function begin(state: AgentState = 'ready'): Promise<ReturnType<typeof useNextCustomer>> {
  await useSession().load()
  useLive().start()
  useDesk().start()
  seq = 0
  office.socket.say('live.snapshot', { seq, topics: { 'agents/1001': agent({ state }) } })
  const next = useNextCustomer()
  next.start()
  await flushPromises()
  return next
}

describe('whom a campaign shows', () => {
  it('is told by the event stream, with the customer of that number and earlier calls', async () => {
    const next = await begin()
    expect([next.here, next.shown]).toEqual([true, null])
    office.socket.say('campaign.preview', person(1))
    await flushPromises()
    expect([next.shown?.entry, next.customer?.id, next.past?.map(({ id }) => id)]).toEqual([1, 3, ['c1']])
    office.socket.say('campaign.preview', person(2, { agent: '1002' }))
    expect(next.shown?.entry).toBe(1)
    office.socket.say('campaign.preview_over', { agent: '1001', campaign: 7, entry: 1, reason: 'time' })
    expect([next.shown, next.customer]).toEqual([null, undefined])
  })

  it('is the one of the list, where that says who it is, and nobody where several have the number', async () => {
    const next = await begin()
    office.socket.say('campaign.preview', person(1, { customer: 5 }))
    await flushPromises()
    expect(next.customer?.id).toBe(5)
    office.on('GET /customers', { items: [customer(3), customer(4)], total: 2 })
    office.socket.say('campaign.preview', person(2))
    await flushPromises()
    expect(next.customer).toBe(null)
  })

  it('does not become another by an answer that comes late', async () => {
    const next = await begin()
    let answer: (value: unknown) => void = () => undefined
    office.on('GET /customers/5', () => new Promise((given) => (answer = given)))
    office.socket.say('campaign.preview', person(1, { customer: 5 }))
    office.socket.say('campaign.preview', person(2))
    await flushPromises()
    answer(customer(5))
    await flushPromises()
    expect(next.customer?.id).toBe(3)
  })

  it('is asked for again when the connection was lost, and when a campaign is another', async () => {
    const next = await begin()
    office.on('GET /campaigns/preview', { preview: person(4), campaigns: [] })
    office.socket.say('campaign.changed', { campaign: 7, name: 'x', queue: 'sales', state: 'running', by: 'boss' })
    await vi.advanceTimersByTimeAsync(500)
    expect([next.shown?.entry, next.campaigns]).toEqual([4, []])
  })

  it('is nobody, and nothing is asked, without the right', async () => {
    office.on('GET /session', { login: '1001', name: '张三', role: 'agent', rights: ['session', 'desk'], off: [], extension: '1001', language: 'zh-CN' })
    const next = await begin()
    expect([next.here, office.to('GET', '/campaigns/preview').length]).toEqual([false, 0])
  })
})

describe('the next customer', () => {
  it('is that of the first campaign which has one; who is in wrap-up is ready first', async () => {
    office.on('POST /campaigns/7/next', new Refusal(409, 'not_now'))
    office.on('POST /campaigns/9/next', person(8, { campaign: 9 }))
    const next = await begin('wrap_up')
    await next.next()
    expect(office.asked.filter(({ method }) => method === 'POST').map(({ path }) => path).filter((path) => !path.startsWith('/number'))).toEqual([
      '/agents/1001/wrap-up/end',
      '/agents/1001/state',
      '/campaigns/7/next',
      '/campaigns/9/next',
    ])
    expect([next.shown?.entry, next.asked]).toEqual([8, 1])
  })

  it('stays nobody where no campaign has one, and the reason is asked for', async () => {
    office.on('POST /campaigns/', new Refusal(409, 'not_now'))
    const next = await begin()
    const before = office.to('GET', '/campaigns/preview').length
    await next.next()
    expect([next.shown, office.to('GET', '/campaigns/preview').length]).toEqual([null, before + 1])
  })

  it('is still shown where the one before was skipped and the server was quicker', async () => {
    const next = await begin()
    office.socket.say('campaign.preview', person(1))
    office.on('POST /campaigns/preview/skip', () => {
      office.socket.say('campaign.preview_over', { agent: '1001', campaign: 7, entry: 1, reason: 'skipped' })
      office.socket.say('campaign.preview', person(2))
      return { id: 1, state: 'skipped' }
    })
    await next.skip(null)
    expect(next.shown?.entry).toBe(2)
    expect(office.to('POST', '/campaigns/preview/skip')[0]?.body).toEqual({})
    office.on('POST /campaigns/preview/skip', { id: 2, state: 'waiting' })
    await next.skip(new Date('2026-12-01T01:00:00Z'))
    expect(office.to('POST', '/campaigns/preview/skip')[1]?.body).toEqual({ again_at: '2026-12-01T01:00:00.000Z' })
    expect(next.shown).toBe(null)
  })
})

describe('the line at the desk', () => {
  async function line(state: AgentState = 'ready'): Promise<VueWrapper> {
    await begin(state)
    const bar = mount(NextCustomer, { props: { reading: false }, global: { plugins: [pinia, i18n] }, attachTo: document.body })
    await flushPromises()
    return bar
  }
  const press = (code: string): void => void dispatchEvent(new KeyboardEvent('keydown', { code, altKey: true, cancelable: true }))

  it('names the campaigns and says why nobody is shown', async () => {
    const bar = await line()
    expect(bar.text()).toContain('春季回访、满意度')
    expect(bar.get('[data-testid=next-why]').text()).toBe(i18n.global.t('campaigns.doings.nothing_due'))
  })

  it('goes on being decided about while the page asks who it is once more', async () => {
    const bar = await line()
    const one = person(1)
    office.socket.say('campaign.preview', one)
    office.on('GET /campaigns/preview', { preview: { ...one }, campaigns: SHOWING })
    await flushPromises()
    press('KeyQ')
    become('offered')
    await vi.advanceTimersByTimeAsync(1000)
    expect(document.querySelector('[data-testid=skip-form]')?.closest('[style*="display: none"]')).toBe(null)
    expect(bar.findComponent({ name: 'ElDialog' }).props('modelValue')).toBe(true)
    office.socket.say('campaign.preview', person(2))
    await flushPromises()
    expect(bar.findComponent({ name: 'ElDialog' }).props('modelValue')).toBe(false)
  })

  it('asks, dials and skips by keys, each only when it can be', async () => {
    office.on('POST /campaigns/7/next', person(1))
    office.on('POST /campaigns/preview/dial', { call: 'c9' })
    const bar = await line()
    press('KeyY')
    press('KeyQ')
    await flushPromises()
    expect(office.to('POST', '/campaigns/preview/dial')).toEqual([])
    press('KeyU')
    await flushPromises()
    expect(bar.get('[data-testid=preview-shown]').text()).toContain('客户1')
    become('offered')
    press('KeyU')
    await flushPromises()
    expect(office.to('POST', '/campaigns/7/next')).toHaveLength(1)
    press('KeyY')
    await flushPromises()
    expect(office.to('POST', '/campaigns/preview/dial')).toHaveLength(1)
    expect(bar.find('[data-testid=preview-shown]').exists()).toBe(false)
  })

  it('does not ask for one whose phone is away or who talks', async () => {
    const bar = await line('talking')
    const button = bar.get('[data-testid=next-ask]')
    expect(button.attributes('disabled')).toBeDefined()
    become('break')
    await flushPromises()
    expect(button.attributes('disabled')).toBeUndefined()
  })

  it('is not there for who is in no such campaign', async () => {
    office.on('GET /campaigns/preview', { preview: null, campaigns: [] })
    const bar = await line()
    expect(bar.find('[data-testid=next-customer]').exists()).toBe(false)
  })
})
