import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { agent, call, pop, PretendedOffice, Refusal } from '../kit/office'
import type { Control, Person } from '../controls/model'
import { useLive } from '../live'
import type { Pop } from '../model'
import { useSession } from '../session'
import CallCard from './CallCard.vue'
import { useDesk } from './desk'

let office: PretendedOffice
let pinia: Pinia
let seq: number
const words = (key: string): string => i18n.global.t(`desk.${key}`)
const caller: Person = {
  id: 1, number: '13800138000', agent: null, name: '', caller: true, state: 'talking', muted: false, hears: [2], can: [],
}
const own = (can: Control[], more: Partial<Person> = {}): Person => ({
  id: 2, number: '1001', agent: '1001', name: '张三', caller: false, state: 'talking', muted: false, hears: [1], can, ...more,
})
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
  people: [caller, own(recorded ? ['hang_up', 'pause'] : ['hang_up'])],
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

enableAutoUnmount(afterEach)

beforeEach(() => {
  localStorage.clear()
  pinia = createPinia()
  setActivePinia(pinia)
  office = new PretendedOffice()
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', extension: '1001', language: 'zh-CN', rights: ['call.control', 'call.hang_up', 'recording.pause'], hidden: [] })
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

describe('the word of a call that is over', () => {
  const ended = { ...call('c1', { agent: '1002', outcome: 'answered', ended_at: '2026-11-24T08:01:00+00:00' }), story: [] }

  async function over(card: ReturnType<typeof mount>, record: object = ended): Promise<string> {
    office.on('GET /calls/', record)
    seq += 1
    office.socket.say('live.changed', { seq, changes: { 'agents/1001': agent({ state: 'wrap_up' }), 'lines/c1': null } })
    office.socket.say('call.ended', { call: 'c1' })
    await flushPromises()
    await card.setProps({ tab: useDesk().tab } as never)
    return card.text()
  }

  it('is that it has ended, also of one that was handed on to a colleague', async () => {
    const said = await over(await talking(line(null)))
    expect(said).toContain(words('ended'))
    expect(said).not.toContain(words('missed'))
  })

  it.each([
    ['a colleague took', ended],
    ['was declined and still waits', { ...ended, agent: null, outcome: null, ended_at: null }],
  ])('is that it was not connected, of one that %s', async (_what, record) => {
    await useSession().load()
    useLive().start()
    useDesk().start()
    seq = 0
    office.socket.say('live.snapshot', { seq, topics: { 'agents/1001': agent({ state: 'offered', call: 'c1' }) } })
    office.socket.say('screen.pop', pop('c1'))
    await flushPromises()
    const card = mount(CallCard as never, {
      props: { tab: useDesk().tab } as never,
      global: { plugins: [pinia, i18n] },
      attachTo: document.body,
    })
    expect(await over(card as ReturnType<typeof mount>, record)).toContain(words('missed'))
  })
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
    expect(card.get('[data-testid=recording-pause]').text()).toContain(words('resumeRecording'))
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

describe('the controls of a call', () => {
  const word = (key: string): string => i18n.global.t(`controls.${key}`)
  const names = (card: ReturnType<typeof mount>): string[] =>
    card.findAll('[data-testid=call-controls] .row button').map((button) => button.attributes('data-testid') ?? '')
  const press = async (code: string, more: KeyboardEventInit = { altKey: true }): Promise<void> => {
    window.dispatchEvent(new KeyboardEvent('keydown', { code, cancelable: true, ...more }))
    await flushPromises()
  }
  const with_ = (...people: Person[]): object => ({ ...line(null), people })

  it('are those that are possible now and that the role may', async () => {
    const card = await talking(with_(caller, own(['hang_up', 'hold', 'mute', 'record'])))
    expect(names(card)).toEqual(['hang-up', 'control-hold', 'control-mute'])
    await become(with_({ ...caller, state: 'waiting', hears: [] }, own(['hang_up', 'resume'], { state: 'holding', hears: [] })))
    expect(names(card)).toEqual(['hang-up', 'control-hold'])
    expect(card.get('[data-testid=control-hold]').text()).toContain(word('resume'))
    expect(card.get('[data-testid=person-13800138000]').text()).toContain(word('hearsNobody'))
  })

  it('have keys, which do nothing where the control is not', async () => {
    office.on('POST /calls/c1/', undefined)
    await talking(with_(caller, own(['hang_up', 'hold'])))
    await press('KeyM')
    await press('KeyX')
    await press('KeyH', { altKey: true, repeat: true })
    expect(office.to('POST', '/calls/c1/mute')).toHaveLength(0)
    expect(office.to('POST', '/calls/c1/hang-up')).toHaveLength(0)
    expect(office.to('POST', '/calls/c1/hold')).toHaveLength(0)
    await press('KeyH')
    expect(office.to('POST', '/calls/c1/hold')).toHaveLength(1)
    await press('KeyX', { altKey: true, ctrlKey: true })
    expect(office.to('POST', '/calls/c1/hang-up')).toHaveLength(1)
  })

  it('hand a call on from the keyboard alone, after the note is kept', async () => {
    const entry = (kind: string, name: string, title: string, reachable: boolean, state: string): object => ({
      kind, name, title, number: kind === 'agent' ? name : '', department: '', teams: [], state, reason: '', since: null,
      reachable, waiting: 0, free: 1,
    })
    office.on('GET /phone-book', {
      items: [
        entry('agent', '1001', '张三', true, 'talking'), entry('agent', '1002', '李四', false, 'signed_out'),
        entry('agent', '1003', '王五', true, 'ready'), entry('flow', 'main', '总机', true, 'open'),
      ],
      total: 4,
    })
    office.on('POST /calls/c1/', undefined)
    const card = await talking(with_(caller, own(['hang_up', 'transfer', 'consult'])))
    const desk = useDesk()
    desk.tab!.note = '想改签'
    await press('KeyT')
    await flushPromises()
    const options = (): string[] =>
      [...document.querySelectorAll('[role=option]')].map((one) => one.getAttribute('data-testid') ?? '')
    expect(options()).toEqual(['choice-agent/1003', 'choice-agent/1002', 'choice-flow/main'])
    const field = document.querySelector<HTMLInputElement>('[data-testid=choose-text]')!
    const key = async (name: string, more: KeyboardEventInit = {}): Promise<void> => {
      field.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, ...more }))
      await flushPromises()
    }
    await key('ArrowDown')
    await key('Enter') // who cannot be rung
    await key('ArrowDown')
    await key('Enter', { ctrlKey: true }) // nobody consults a flow
    expect(office.asked.filter(({ path }) => /transfer|consult/.test(path))).toEqual([])
    await key('ArrowUp')
    await key('ArrowUp')
    await key('Enter')
    expect(office.to('POST', '/calls/c1/transfer').map(({ body }) => body)).toEqual([{ agent: '1003' }])
    const order = office.asked.map(({ method, path }) => `${method} ${path}`)
    expect(order.indexOf('PUT /calls/c1/note')).toBeLessThan(order.indexOf('POST /calls/c1/transfer'))
    expect(card.exists()).toBe(true)
  })

  it('show who of three hears whom, and put one out', async () => {
    office.on('DELETE /calls/c1/parties/', undefined)
    const third: Person = { ...own([]), id: 3, number: '1002', agent: '1002', name: '李四', hears: [1, 2] }
    const card = await talking(with_({ ...caller, hears: [2, 3] }, own(['hang_up', 'parties'], { hears: [1, 3] }), third))
    const row = card.get('[data-testid=person-1002]')
    expect(row.text()).toContain('李四')
    expect(row.text()).toContain(i18n.global.t('controls.hears', { who: ['138 0013 8000', word('me')].join(i18n.global.t('say.comma')) }))
    await row.findAll('button').at(-1)!.trigger('click')
    await flushPromises()
    expect(office.to('DELETE', '/calls/c1/parties/3')).toHaveLength(1)
  })
})
