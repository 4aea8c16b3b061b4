import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { agent, call, pop, PretendedOffice, Refusal } from '../kit/office'
import { useLive } from '../live'
import type { Pop } from '../model'
import { useSession } from '../session'
import CallCard from './CallCard.vue'
import { useDesk } from './desk'

let office: PretendedOffice
let pinia: Pinia
let seq: number
const words = (key: string): string => i18n.global.t(`desk.${key}`)
const line = (paused: string | null, recorded = true): object => ({
  call: 'c1',
  direction: 'inbound',
  state: 'talking',
  caller: '13800138000',
  called: '02088886666',
  trunk: 'gateway',
  queue: 'sales',
  agent: '1001',
  since: new Date().toISOString(),
  started_at: new Date().toISOString(),
  recorded,
  paused_since: paused,
})

async function become(now: object): Promise<void> {
  seq += 1
  office.socket.say('live.changed', { seq, changes: { 'lines/c1': now } })
  await flushPromises()
}

/** An agent who talks, and the card of that call. */
async function talking(now: object, more: Partial<Pop> = {}): Promise<ReturnType<typeof mount>> {
  await useSession().load()
  useLive().start()
  useDesk().start()
  seq = 0
  office.socket.say('live.snapshot', { seq, topics: { 'agents/1001': agent({ state: 'offered', call: 'c1' }) } })
  office.socket.say('screen.pop', pop('c1', more))
  await flushPromises()
  seq += 1
  const changes = { 'agents/1001': agent({ state: 'talking', call: 'c1' }), 'lines/c1': now }
  office.socket.say('live.changed', { seq, changes })
  await flushPromises()
  const tab = useDesk().tab
  const card = mount(CallCard as never, {
    props: { tab } as never,
    global: { plugins: [pinia, i18n] },
    attachTo: document.body,
  })
  await flushPromises()
  return card as ReturnType<typeof mount>
}

beforeEach(() => {
  localStorage.clear()
  pinia = createPinia()
  setActivePinia(pinia)
  office = new PretendedOffice()
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', extension: '1001', language: 'zh-CN', rights: [], hidden: [] })
  office.on('GET /desk', { agent: agent(), pop: null })
  office.on('GET /calls', { items: [], total: 0 })
  office.on('GET /calls/', { ...call('c1'), story: [] })
  office.on('PUT /calls/', undefined)
  office.on('POST /calls/c1/recording/', undefined)
})

afterEach(() => {
  useDesk().stop()
  useLive().stop()
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

describe('the recording of a call', () => {
  it('is paused and resumed by one button, and says which it is', async () => {
    const card = await talking(line(null))
    const state = card.get('[data-testid=recording-state]')
    expect(state.text()).toContain(words('recorded'))
    await card.get('[data-testid=recording-pause]').trigger('click')
    await flushPromises()
    expect(office.to('POST', '/calls/c1/recording/pause')).toHaveLength(1)
    await become(line(new Date().toISOString()))
    expect(state.classes()).toContain('paused')
    expect(state.text()).toContain(words('paused'))
    expect(card.get('[data-testid=recording-pause]').text()).toBe(words('resumeRecording'))
    await card.get('[data-testid=recording-pause]').trigger('click')
    await flushPromises()
    expect(office.to('POST', '/calls/c1/recording/resume')).toHaveLength(1)
    await become(line(null))
    expect(state.text()).toContain(words('recorded'))
  })

  it('says when a pause may have been forgotten, until it is over', async () => {
    const since = new Date().toISOString()
    const card = await talking(line(since))
    office.socket.say('recording.still_paused', { call: 'another', by: '1002', seconds: 180 })
    await flushPromises()
    expect(card.get('[data-testid=recording-state]').classes()).not.toContain('forgotten')
    office.socket.say('recording.still_paused', { call: 'c1', by: '1001', seconds: 180 })
    await flushPromises()
    expect(card.get('[data-testid=recording-state]').classes()).toContain('forgotten')
    expect(card.text()).toContain(words('forgotten'))
    await become(line(null))
    await become(line(new Date(Date.now() + 1000).toISOString()))
    expect(card.get('[data-testid=recording-state]').classes()).not.toContain('forgotten')
  })

  it('is not offered where nothing is recorded', async () => {
    const card = await talking(line(null, false))
    expect(card.find('[data-testid=recording-state]').exists()).toBe(false)
  })

  it('that cannot be paused is said, and the button can be pressed again', async () => {
    office.on('POST /calls/c1/recording/', new Refusal(409, 'not_now'))
    const card = await talking(line(null))
    await card.get('[data-testid=recording-pause]').trigger('click')
    await flushPromises()
    expect(document.body.textContent).toContain('not_now')
    expect(card.get('[data-testid=recording-pause]').attributes('disabled')).toBeUndefined()
  })
})

describe('what the caller keyed and what was looked up', () => {
  const rows = (card: ReturnType<typeof mount>): string[][] =>
    card.findAll('[data-testid=known-value]').map((row) => [row.attributes('data-name') ?? '', row.text()])

  it('stands on the card with the pop, and what a flow learns later comes to it', async () => {
    office.on('GET /calls/', { ...call('c1', { known: { card: '88001234' } }), story: [] })
    const card = await talking(line(null), { known: { customer: 'Ms Wang', card: '88001234' } })
    expect(rows(card)).toEqual([['card', '88001234'], ['customer', 'Ms Wang']])
    expect(card.get('[data-testid=known-rows]').text()).toContain(i18n.global.t('known.card'))
    const known = { customer: 'Ms Wang', card: '88001234', flight: '' }
    office.socket.say('call.known', { call: 'another', name: 'x', known: { x: '1' } })
    office.socket.say('call.known', { call: 'c1', name: 'flight', known })
    await flushPromises()
    expect(rows(card)).toEqual([['card', '88001234'], ['customer', 'Ms Wang'], ['flight', '–']])
    expect(card.get('[data-testid=known-rows]').text()).toContain('flight')
  })

  it('is there again from the call after a reload, and does not lie on this machine', async () => {
    office.on('GET /calls/', { ...call('c1', { known: { card: '88001234' } }), story: [] })
    const card = await talking(line(null), { known: { card: '88001234' } })
    const desk = useDesk()
    desk.tab!.note = 'typed'
    desk.typed(desk.tab!)
    expect(JSON.stringify(localStorage)).toContain('typed')
    expect(JSON.stringify(localStorage)).not.toContain('88001234')
    card.unmount()
    desk.stop()
    setActivePinia((pinia = createPinia()))
    await useSession().load()
    useDesk().start()
    await flushPromises()
    expect(useDesk().tab?.note).toBe('typed')
    const again = mount(CallCard as never, { props: { tab: useDesk().tab } as never, global: { plugins: [pinia, i18n] } })
    expect(rows(again as ReturnType<typeof mount>)).toEqual([['card', '88001234']])
  })

  it('is no part of a card where nothing is known', async () => {
    const card = await talking(line(null))
    expect(card.find('[data-testid=known-rows]').exists()).toBe(false)
  })
})
