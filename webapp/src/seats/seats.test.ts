import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeepAlive, defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { agent, PretendedOffice, Refusal } from '../kit/office'
import { useLive } from '../live'
import type { Agent } from '../model'
import { useSession } from '../session'
import { goesOn, isShown, places, says, type Seat } from './model'
import SeatDialog from './SeatDialog.vue'
import SeatsPage from './SeatsPage.vue'

const PHONE = { device: 'Yealink T46U', source: '192.168.1.7:5062', transport: 'TLS', latency_ms: 12.5, silent: false, since: '2026-11-26T09:00:00+08:00' }
function seat(login: string | null, extension: string | null, more: Partial<Seat> = {}): Seat {
  return {
    login,
    name: login === null ? '' : `N${login}`,
    role: login === null ? null : 'agent',
    teams: ['一组'],
    queues: [],
    state: login === null ? null : 'ready',
    reason: '',
    since: null,
    extension,
    sits_at: null,
    number: extension,
    sitter: null,
    taken: false,
    way: 'none',
    phones: [],
    sharing: [],
    settable: login !== null,
    ...more,
  }
}
const ONE = seat('1001', '8001', { way: 'phone', phones: [PHONE], sits_at: '8001', taken: true, sitter: '1001' })
const TWO = seat('1002', null)
const FREE = seat(null, '8010')

describe('the table', () => {
  it('is told apart by what is missing', () => {
    const shown = (what: Parameters<typeof isShown>[1]) => [ONE, TWO, FREE].filter((one) => isShown(one, what))
    expect([shown('all'), shown('without'), shown('unreachable'), shown('free')]).toEqual([[ONE, TWO, FREE], [TWO], [FREE], [FREE]])
  })

  it('is searched by name, login, extension, team and phone', () => {
    expect(['n1001', '1001', '8001', '一组', 'yealink', '168.1.7', ''].map((text) => says(ONE, text))).toEqual(Array(7).fill(true))
    expect(says(ONE, '8002')).toBe(false)
  })

  it('knows every extension, whose it is, and its phone where its line says so', () => {
    const away = seat('1003', '8001', { sits_at: '8010', number: '8010', way: 'phone' })
    expect(places([ONE, away, TWO, seat('9', '810'), FREE]).map((one) => [one.number, one.owners.map((whose) => whose.login), one.way])).toEqual([
      ['810', ['9'], 'none'],
      ['8001', ['1001', '1003'], 'phone'],
      ['8010', [], 'none'],
    ])
  })

  it('lets who moves go on as they were', () => {
    expect((['ready', 'talking', 'wrap_up', 'break', 'unreachable'] as const).map(goesOn)).toEqual(['ready', 'ready', 'ready', 'break', 'ready'])
  })
})

let office: PretendedOffice
let page: VueWrapper | undefined

beforeEach(() => {
  office = new PretendedOffice()
})
afterEach(() => {
  page?.unmount()
  page = undefined
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

const plugins = () => [createPinia(), i18n, createRouter({ history: createMemoryHistory(), routes: [{ path: '/', name: 'live', component: { template: '<i />' } }] })]

describe('the page', () => {
  it('says whose phone it is and how it is, and what is not there', async () => {
    office.on('GET /seats', { items: [ONE, TWO, FREE], total: 3 })
    const kept = defineComponent({ render: () => h(KeepAlive, [h(SeatsPage)]) })
    page = mount(kept, { global: { plugins: plugins() }, attachTo: document.body })
    await flushPromises()
    const rows = page.findAll('[data-testid=seat-row]')
    expect(rows.map((row) => row.attributes('data-seat'))).toEqual(['1001', '1002', '/8010'])
    for (const text of ['N1001', '8001', 'Yealink T46U', '192.168.1.7:5062', i18n.global.t('phones.ms', { n: 12.5 })])
      expect(rows[0]!.text()).toContain(text)
    expect(rows[1]!.text()).toContain(i18n.global.t('seats.none'))
    expect(rows[2]!.text()).toContain(i18n.global.t('seats.nobody'))
    expect(rows[2]!.text()).toContain(i18n.global.t('seats.ways.none'))
    expect(rows[2]!.find('[data-testid=seat-set]').exists()).toBe(false)
    await page.get('[data-testid=seats-shown] input[value=free]').setValue(true)
    expect(page.findAll('[data-testid=seat-row]')).toHaveLength(1)
  })

  it('reads the table again when somebody sits down elsewhere or gets up, and not for every change of a state', async () => {
    office.on('GET /seats', { items: [ONE], total: 1 })
    const pinia = createPinia()
    page = mount(defineComponent({ render: () => h(KeepAlive, [h(SeatsPage)]) }), {
      global: { plugins: [pinia, ...plugins().slice(1)] },
      attachTo: document.body,
    })
    const live = useLive(pinia)
    live.start()
    let seq = 0
    const is = async (more: Partial<Agent>): Promise<string> => {
      seq += 1
      if (seq === 1) office.socket.say('live.snapshot', { seq, topics: { 'agents/1001': agent(more) } })
      else office.socket.say('live.changed', { seq, changes: { 'agents/1001': agent(more) } })
      await flushPromises()
      return page!.get('[data-testid=seat-row]').text()
    }
    await is({ extension: '8001', state: 'ready' })
    office.on('GET /seats', { items: [{ ...ONE, sits_at: '8010' }], total: 1 })
    expect(await is({ extension: '8001', state: 'break' })).not.toContain('8010')
    expect(await is({ extension: '8010', state: 'break' })).toContain('8010')
    office.on('GET /seats', { items: [{ ...ONE, sits_at: null }], total: 1 })
    expect(await is({ extension: '8010', state: 'signed_out' })).not.toContain('8010')
    live.stop()
  })

  it('says when the table cannot be read', async () => {
    office.on('GET /seats', new Refusal(503))
    page = mount(defineComponent({ render: () => h(KeepAlive, [h(SeatsPage)]) }), { global: { plugins: plugins() }, attachTo: document.body })
    await flushPromises()
    expect(page.findAll('[data-testid=seat-row]')).toHaveLength(0)
    expect(page.find('[role=alert]').exists()).toBe(true)
  })
})

describe('setting whose extension it is', () => {
  async function open(one: Seat, all: Seat[], rights = ['seat.assign', 'agent.state.any']): Promise<ReturnType<typeof mount>> {
    const pinia = createPinia()
    const dialog = mount(SeatDialog as never, { props: { seat: one, all, modelValue: true } as never, global: { plugins: [pinia, i18n] }, attachTo: document.body })
    useSession(pinia).me = { login: 'boss', role: 'supervisor', rights } as never
    await flushPromises()
    page = dialog as VueWrapper
    return dialog as ReturnType<typeof mount>
  }
  const press = async (testid: string) => {
    document.querySelector<HTMLElement>(`[data-testid=${testid}]`)!.closest('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
    await flushPromises()
  }

  it('asks what becomes of whose it was', async () => {
    office.on('PUT /seats/1002', { ...TWO, extension: '8001' })
    const dialog = await open(TWO, [ONE, TWO, FREE])
    expect(document.querySelector('[data-testid=seat-others]')).toBeNull()
    const select = dialog.findAllComponents({ name: 'ElSelect' })[0]!
    select.vm.$emit('update:modelValue', '8001')
    await flushPromises()
    expect(document.querySelector('[data-testid=seat-others]')).not.toBeNull()
    await press('seat-save')
    expect(office.asked.at(-1)?.body).toEqual({ extension: '8001', was: null, others: 'take' })
    expect(dialog.emitted('changed')).toHaveLength(1)
  })

  it('keeps what somebody else has set meanwhile, and says it', async () => {
    office.on('PUT /seats/1002', new Refusal(409, 'seat_changed', {}, { now: { ...TWO, extension: '8005' } }))
    const dialog = await open(TWO, [ONE, TWO, FREE])
    dialog.findAllComponents({ name: 'ElSelect' })[0]!.vm.$emit('update:modelValue', '8010')
    await flushPromises()
    await press('seat-save')
    await vi.waitFor(() => expect(document.body.textContent).toContain(i18n.global.t('seats.changed', { name: 'N1002', number: '8005' })))
    expect(office.asked.at(-1)?.body).toEqual({ extension: '8010', was: null, others: 'refuse' })
    office.on('PUT /seats/1002', { ...TWO, extension: '8010' })
    await press('seat-save')
    expect(office.asked.at(-1)?.body).toEqual({ extension: '8010', was: '8005', others: 'refuse' })
  })

  it('moves who is signed in for now, and nobody without the right', async () => {
    office.on('POST /agents/1001/state', {})
    const dialog = await open({ ...ONE, state: 'break', reason: 'meal' }, [ONE, TWO, FREE])
    dialog.findAllComponents({ name: 'ElSelect' })[1]!.vm.$emit('update:modelValue', '8010')
    await flushPromises()
    await press('seat-move')
    expect(office.asked.at(-1)?.body).toEqual({ state: 'break', reason: 'meal', extension: '8010' })
    dialog.unmount()
    page = undefined
    await open(ONE, [ONE], ['seat.assign'])
    expect(document.querySelector('[data-testid=seat-move]')).toBeNull()
  })
})
