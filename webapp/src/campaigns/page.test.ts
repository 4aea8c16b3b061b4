import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal, type Asked } from '../kit/office'
import { useLive } from '../live'
import { useSession } from '../session'
import CampaignForm from './CampaignForm.vue'
import CampaignPanel from './CampaignPanel.vue'
import DoNotCallPart from './DoNotCallPart.vue'
import { newPlan, planOf, type Campaign } from './model'

const campaign = (more: Partial<Campaign> = {}): Campaign => ({
  ...newPlan(),
  id: 7,
  name: '春季回访',
  queue: 'sales',
  state: 'stopped',
  doing: 'not_running',
  calling: 0,
  states: { waiting: 2 },
  version: 3,
  created_at: '2026-11-28T01:00:00+00:00',
  created_by: '2001',
  changed_at: '2026-11-28T01:00:00+00:00',
  changed_by: '2001',
  ...more,
})
const RESULTS = { entries: 2, states: { waiting: 2 }, attempts: 0, results: {}, dispositions: {}, answered: 0, abandoned: 0, abandoned_share: null, agents: [] }
let office: PretendedOffice
let pinia: Pinia
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: {} }] })

beforeEach(async () => {
  office = new PretendedOffice()
  const rights = ['session', 'campaign', 'do_not_call', 'do_not_call.remove']
  office.on('GET /session', { login: '2001', name: '王班长', role: 'supervisor', rights, off: [], extension: '', language: 'zh-CN' })
  office.on('GET /campaigns/choices', {
    queues: [{ name: 'sales', title: '销售', dispositions: [{ code: '3', title: '不要再打' }] }],
    calendars: ['office'],
    caller_ids: ['02088886666'],
  })
  office.on('GET /campaigns/7', campaign())
  office.on('GET /campaigns/7/results', RESULTS)
  office.on('POST /number_places', { items: [] })
  localStorage.clear()
  pinia = createPinia()
  setActivePinia(pinia)
  await useSession().load()
  useLive().start()
})
enableAutoUnmount(afterEach)
afterEach(() => {
  useLive().stop()
  vi.unstubAllGlobals()
})
const global = (): object => ({ plugins: [pinia, i18n, router] })

describe('the form of a plan', () => {
  it('sends what is filled in over the version that was seen, minutes as seconds, and only meanings of the queue', async () => {
    office.on('PUT /campaigns/7', (asked: Asked) => ({ ...campaign(), ...(asked.body as object), version: 4 }))
    const known = campaign({ meanings: { '3': 'again', '9': 'done' }, retry: { busy: 600 } })
    const form = mount(CampaignForm, { props: { start: planOf(known), known }, global: global() })
    await flushPromises()
    const busy = form.get('[data-testid=campaign-retry-busy] input')
    await busy.setValue('15')
    await form.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('PUT', '/campaigns/7')[0]?.body).toMatchObject({ version: 3, name: '春季回访', retry: { busy: 900 }, meanings: { '3': 'again' } })
    expect((office.to('PUT', '/campaigns/7')[0]?.body as { meanings: object }).meanings).toEqual({ '3': 'again' })
    expect((form.emitted('saved')?.[0]?.[0] as Campaign).version).toBe(4)
  })

  it('says what somebody else has left meanwhile, and is saved over it by a second time', async () => {
    const now = campaign({ version: 5, priority: 9 })
    office.on('PUT /campaigns/7', new Refusal(409, 'changed_meanwhile', {}, { now }))
    const known = campaign()
    const form = mount(CampaignForm, { props: { start: planOf(known), known }, global: global() })
    await form.get('form').trigger('submit')
    await flushPromises()
    const other = form.get('[data-testid=campaign-changed]')
    expect(other.findAll('li').map((line) => line.text())).toEqual([`${i18n.global.t('campaigns.fields.priority')}: 9`])
    office.on('PUT /campaigns/7', campaign({ version: 6 }))
    await form.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('PUT', '/campaigns/7').map(({ body }) => (body as { version: number }).version)).toEqual([3, 5])
  })

  it('keeps what is typed and not saved on this machine, and is rid of it when it is saved or cancelled', async () => {
    const begin = async (): Promise<VueWrapper> => {
      const form = mount(CampaignForm, { props: { start: newPlan() }, global: global() })
      await flushPromises()
      return form
    }
    const name = (form: VueWrapper): HTMLInputElement => form.get('input[data-testid=campaign-name]').element as HTMLInputElement
    let form = await begin()
    expect(localStorage.length).toBe(0)
    await form.get('input[data-testid=campaign-name]').setValue('秋季回访')
    form.unmount()
    form = await begin()
    expect([name(form).value, form.find('[data-testid=draft-discard]').exists()]).toEqual(['秋季回访', true])
    office.on('POST /campaigns', campaign())
    await form.get('form').trigger('submit')
    await flushPromises()
    expect([localStorage.length, office.to('POST', '/campaigns').length]).toEqual([0, 1])
    form.unmount()
    form = await begin()
    expect(name(form).value).toBe('')
  })

  it('shows what only its mode has, and the faults of its lines', async () => {
    office.on('POST /campaigns', new Refusal(422, 'wrong_fields', { hours: '格式不对', 'retry.busy': '太短' }))
    const form = mount(CampaignForm, { props: { start: { ...newPlan(), name: 'x' } }, global: global() })
    await flushPromises()
    expect(form.text()).toContain(i18n.global.t('campaigns.fields.preview_seconds'))
    await form.get('[data-testid=campaign-mode-progressive] input').setValue(true)
    expect(form.text()).not.toContain(i18n.global.t('campaigns.fields.preview_seconds'))
    expect(form.text()).toContain(i18n.global.t('campaigns.fields.ratio'))
    await form.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/campaigns')[0]?.body).toMatchObject({ queue: 'sales', mode: 'progressive' })
    expect(form.text()).toContain('太短')
    await vi.waitFor(() => expect(form.text()).toContain('格式不对')) // Element Plus shows the fault of a line a moment later
  })
})

describe('a campaign', () => {
  it('is started and paused, and says what it does', async () => {
    office.on('POST /campaigns/7/start', campaign({ state: 'running', doing: 'calling', calling: 2 }))
    const panel = mount(CampaignPanel, { props: { id: 7, changes: 0 }, global: global() })
    await flushPromises()
    await panel.get('[data-testid=campaign-start]').trigger('click')
    await flushPromises()
    expect(panel.get('[data-testid=campaign-panel]').attributes('data-state')).toBe('running')
    expect(panel.get('[data-testid=campaign-doing]').text()).toContain(i18n.global.t('campaigns.doings.calling'))
    expect(panel.find('[data-testid=campaign-start]').exists()).toBe(false)
    expect(panel.find('[data-testid=campaign-remove]').exists()).toBe(false)
    expect(panel.find('[data-testid=campaign-pause]').exists()).toBe(true)
    expect(panel.emitted('changed')).toHaveLength(1)
  })
})

describe('the do-not-call list', () => {
  const entry = { number: '13800138000', why: '投诉', by: '2001', at: '2026-11-28T01:00:00+00:00' }

  it('takes in a number with why, and says what is wrong with it', async () => {
    office.on('GET /do-not-call', { items: [entry], total: 1 })
    office.on('POST /do-not-call', new Refusal(422, 'wrong_fields', { number: '不是号码' }))
    const part = mount(DoNotCallPart, { global: global() })
    await flushPromises()
    expect(part.get('[data-testid=dnc-row]').text()).toContain('138 0013 8000')
    await part.get('input[data-testid=dnc-number]').setValue(' abc ')
    await part.get('input[data-testid=dnc-why]').setValue('客户要求')
    await part.get('form').trigger('submit')
    await flushPromises()
    expect(part.text()).toContain('不是号码')
    office.on('POST /do-not-call', entry)
    await part.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/do-not-call').map(({ body }) => body)).toEqual(Array(2).fill({ number: 'abc', why: '客户要求' }))
    expect((part.get('input[data-testid=dnc-number]').element as HTMLInputElement).value).toBe('')
  })

  it('has a number taken off only by who may', async () => {
    office.on('GET /do-not-call', { items: [entry], total: 1 })
    office.on('GET /session', { login: '1001', name: '张三', role: 'agent', rights: ['session', 'do_not_call'], off: [], extension: '', language: 'zh-CN' })
    await useSession().load()
    const part = mount(DoNotCallPart, { global: global() })
    await flushPromises()
    expect(part.find('[data-testid=dnc-row]').exists()).toBe(true)
    expect(part.find('[data-testid=dnc-remove]').exists()).toBe(false)
  })
})
