import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import CallStep from './CallStep.vue'
import { mendedAt, type SetupState } from './model'
import NumberStep from './NumberStep.vue'
import { isOnlyHere, valuesOf } from './phones'
import { newSecret } from './secret'
import { isEmpty, LATER, useSetup } from './setup'

const state: SetupState = {
  own_password: true,
  trunks: 1,
  numbers: 0,
  extensions: 1,
  users: 1,
  queues: 1,
  calendars: 0,
  flows: 1,
  language: 'zh-CN',
  timezone: 'Asia/Shanghai',
  timezone_next: 'Asia/Shanghai',
  timezone_by: 'nobody',
  time: new Date().toISOString(),
  host: '192.0.2.10',
  doors: [
    { transport: 'tcp', port: 5062 },
    { transport: 'udp', port: 5060 },
  ],
}
const none = { items: [], total: 0 }
const queue = { name: 'sales', title: '客服', members: ['1001'], record: true }
let office: PretendedOffice

beforeEach(() => {
  office = new PretendedOffice()
  for (const kind of ['trunks', 'users', 'extensions', 'numbers', 'flow_examples', 'calendars', 'setup/calls', 'setup/turned-away'])
    office.on(`GET /${kind}`, none)
  office.on('GET /setup', state)
  office.on('GET /calls', none)
  office.on('GET /flows', { ...none, faults: [] })
  office.on('GET /queues', { items: [queue], total: 1 })
})
afterEach(() => {
  localStorage.clear()
  vi.unstubAllGlobals()
})

async function open(part: object): Promise<ReturnType<typeof mount>> {
  const stub = { template: '<div />' }
  const routes = ['admin', 'setup'].map((name) => ({ path: `/${name}/:part?`, name, component: stub }))
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: stub }, ...routes] })
  const plugins = [createPinia(), i18n, router]
  const page = mount(part as never, { global: { plugins } })
  await useSetup().load()
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('the set-up', () => {
  it('begins where nothing is there, unless it was put off here', async () => {
    expect(await isEmpty()).toBe(false)
    office.on('GET /setup', { ...state, trunks: 0, queues: 0 })
    expect(await isEmpty()).toBe(true)
    localStorage.setItem(LATER, '1')
    expect(await isEmpty()).toBe(false)
  })

  it('makes passwords that are long, different, and of signs that nobody mistakes', () => {
    const made = new Set(Array.from({ length: 50 }, () => newSecret()))
    expect(made.size).toBe(50)
    for (const one of made) expect(one).toMatch(/^[a-km-np-zA-HJ-NP-Z2-9]{16}$/)
  })

  it('says what is typed into which phone', () => {
    const generic = valuesOf('generic', state, '1001', 'geheim')
    expect(generic.map(({ label, value }) => `${label}=${value}`)).toEqual([
      'user=1001',
      'auth=1001',
      'password=geheim',
      'server=192.0.2.10',
      'transport=UDP',
      'port=5060',
    ])
    const [line] = valuesOf('baresip', state, '1001', 'geheim')
    expect(line!.value).toBe('<sip:1001@192.0.2.10;transport=udp>;auth_user=1001;auth_pass=geheim;regint=300')
    expect(valuesOf('baresip', state, '1001', '')[0]!.value).toBe('')
    expect(valuesOf('yealink', state, '1001', 'x')).toEqual([])
    expect([isOnlyHere('127.0.0.1'), isOnlyHere('localhost'), isOnlyHere('192.0.2.10')]).toEqual([true, true, false])
  })

  it('makes the flow, then the number; a second try takes up the flow that was made', async () => {
    office.on('POST /setup/flow', { number: 1 })
    office.on('POST /numbers', new Refusal(422, 'wrong_fields', { match: 'no' }))
    const page = await open(NumberStep)
    await page.get('[data-testid=number-match]').setValue('02088886666')
    const inside = page.vm as unknown as { form: { queue: string; way: string }; save: () => Promise<void> }
    inside.form.queue = 'sales'
    await inside.save()
    await flushPromises()
    const asked = office.to('POST', '/setup/flow').map(({ body }) => body as Record<string, unknown>)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ name: 'reception', way: 'direct', queue: 'sales', calendar: '' })
    office.on('POST /numbers', { match: '02088886666', flow: 'reception' })
    await inside.save()
    await flushPromises()
    expect(office.to('POST', '/setup/flow')).toHaveLength(1)
    expect(office.to('POST', '/numbers').map(({ body }) => body)).toEqual([
      { match: '02088886666', flow: 'reception' },
      { match: '02088886666', flow: 'reception' },
    ])
    page.unmount()
  })

  it('shows each step of a call, why it is red, and where it is mended', async () => {
    const steps = [
      { step: 'arrived', state: 'good', code: '', values: { called: '02099', trunk: 'telecom' } },
      { step: 'greeted', state: 'bad', code: 'number_unknown', values: { called: '02099' } },
    ]
    const call = { call: 'c1', at: '', caller: '138', called: '02099', trunk: 'telecom', ended: true, steps }
    office.on('GET /setup/calls', { items: [call], total: 1 })
    const page = await open(CallStep)
    const red = page.get('[data-step=greeted]')
    expect(red.attributes('data-sign')).toBe('bad')
    expect(red.text()).toContain(i18n.global.t('setup.cause.number_unknown', { called: '02099' }))
    expect(red.find('a').exists()).toBe(true)
    expect(mendedAt('number_unknown')).toEqual({ name: 'setup', params: { part: 'number' } })
    expect(page.find('[data-testid=all-green]').exists()).toBe(false)
    page.unmount()
  })
})
