import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { agent, call, customer, pop, PretendedOffice, Refusal, type Asked } from '../kit/office'
import { useLive } from '../live'
import type { Agent, Call } from '../model'
import { useSession } from '../session'
import { useDesk } from './desk'
import { TYPING_PAUSE } from './typing'

let office: PretendedOffice
let records: Map<string, Call>
let seq: number

/** Whatever is under way without a timer is done. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

function record(id: string, more: Partial<Call> = {}): void {
  records.set(id, call(id, more))
}

function keepNote(asked: Asked): undefined {
  const id = asked.path.split('/')[2] ?? ''
  const known = records.get(id)
  if (known) Object.assign(known, asked.body)
}

/** The page as it is opened: signed in, with a snapshot of this agent. */
async function open(now: Agent = agent(), more: Record<string, unknown> = {}): Promise<ReturnType<typeof useDesk>> {
  setActivePinia(createPinia())
  await useSession().load()
  const desk = useDesk()
  useLive().start()
  desk.start()
  seq = 0
  office.socket.say('live.snapshot', { seq, topics: { 'agents/1001': now, ...lineOf(now), ...more } })
  await settle()
  return desk
}

async function become(more: Partial<Agent>): Promise<void> {
  seq += 1
  office.socket.say('live.changed', { seq, changes: { 'agents/1001': agent(more), ...lineOf(agent(more)) } })
  await settle()
}

/** A call that somebody is in is a line, unless they only listen to another one. */
function lineOf({ call, login }: Agent): Record<string, unknown> {
  return call && !call.startsWith('listening') ? { [`lines/${call}`]: { call, agent: login } } : {}
}

async function ring(id: string, more: Parameters<typeof pop>[1] = {}): Promise<void> {
  if (!records.has(id)) record(id, { caller: more.caller ?? '13800138000' })
  await become({ state: 'offered', call: id })
  office.socket.say('screen.pop', pop(id, more))
  await settle()
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-24T08:00:00Z') })
  localStorage.clear()
  records = new Map()
  office = new PretendedOffice()
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', extension: '1001', language: 'zh-CN', rights: [], hidden: [] })
  office.on('GET /desk', { agent: agent(), pop: null })
  office.on('GET /calls', { items: [], total: 0 })
  office.on('GET /calls/', (asked: Asked) => {
    const known = records.get(asked.path.split('/')[2] ?? '')
    return known ? { ...known, story: [] } : new Refusal(404, 'not_found')
  })
  office.on('PUT /calls/', keepNote)
  office.on('GET /customers/1', customer(1))
  office.on('GET /customers/2', customer(2, { name: '李建国' }))
})

afterEach(() => {
  useDesk().stop()
  useLive().stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('a pop', () => {
  it('opens a tab with its customer in front, and ties the only one to the call', async () => {
    const desk = await open()
    await ring('c1', { customers: [1] })
    expect(desk.tab?.call).toBe('c1')
    expect(desk.tab?.choice).toBe('known')
    expect(desk.tab?.customer?.name).toBe('王芳')
    expect(office.to('PUT', '/calls/c1/note').map((asked) => asked.body)).toEqual([{ note: '', customer_id: 1, seen: '' }])
  })

  it('with an unknown number opens the new customer with the number filled in', async () => {
    const desk = await open()
    await ring('c1')
    expect(desk.tab?.choice).toBe('new')
    expect(desk.tab?.card.phones).toEqual(['13800138000'])
    expect(office.to('PUT', '/calls/c1/note')).toEqual([])
  })

  it('with several customers asks which one it is', async () => {
    const desk = await open()
    await ring('c1', { customers: [1, 2] })
    expect(desk.tab?.choice).toBe('maybe')
    expect(desk.tab?.candidates.map((known) => known.name)).toEqual(['王芳', '李建国'])
    expect(office.to('PUT', '/calls/c1/note')).toEqual([])
  })

  it('for another agent opens nothing here', async () => {
    const desk = await open()
    office.socket.say('screen.pop', pop('c1', { agent: '1002' }))
    await settle()
    expect(desk.tabs).toEqual([])
  })

  it('of a call that a colleague hands on rings until it is taken, or comes to nothing', async () => {
    const desk = await open()
    office.socket.say('screen.pop', pop('c1', { customers: [1] }))
    await settle()
    expect(desk.stateOf(desk.tab!)).toBe('ringing')
    office.socket.say('call.transfer_failed', { call: 'c1', by: '1002', number: '1001', reason: 'no_answer' })
    await settle()
    expect(desk.stateOf(desk.tab!)).toBe('ended')
    office.socket.say('screen.pop', pop('c1', { customers: [1] }))
    await settle()
    expect(desk.stateOf(desk.tab!)).toBe('ringing')
    await become({ state: 'talking', call: 'c1' })
    expect(desk.stateOf(desk.tab!)).toBe('talking')
    await become({ state: 'ready', call: null })
    expect(desk.stateOf(desk.tab!)).toBe('ended')
  })

  it('that was missed is there when the page is opened in the middle of the call', async () => {
    record('c1', { customer_id: 1, note: '已经写的' })
    const talking = agent({ state: 'talking', call: 'c1' })
    office.on('GET /desk', { agent: talking, pop: pop('c1', { customers: [1] }) })
    const desk = await open(talking)
    expect(desk.tabs.map((tab) => tab.call)).toEqual(['c1'])
    expect(desk.tab?.note).toBe('已经写的')
    expect(desk.tab?.customer?.id).toBe(1)
    expect(desk.stateOf(desk.tab!)).toBe('talking')
  })

  it('gives its customers to a tab that was there before it', async () => {
    record('c1')
    const desk = await open(agent({ state: 'talking', call: 'c1' }))
    expect(desk.tab?.choice).toBe('new')
    office.socket.say('screen.pop', pop('c1', { customers: [1] }))
    await settle()
    expect(desk.tabs).toHaveLength(1)
    expect(desk.tab?.customer?.name).toBe('王芳')
  })

  it('keeps the customer that the call is tied to already', async () => {
    record('c1', { customer_id: 2 })
    const desk = await open()
    await ring('c1', { customers: [1] })
    expect(desk.tab?.customer?.id).toBe(2)
    expect(office.to('PUT', '/calls/c1/note')).toEqual([])
  })

  it('is none, and nothing is asked, for a supervisor who only listens', async () => {
    const desk = await open()
    await become({ state: 'talking', call: 'listening-1' })
    expect(desk.tabs).toEqual([])
    expect(office.to('GET', '/calls/listening-1')).toEqual([])
  })

  it('a call without one gets its tab when it is spoken', async () => {
    record('c7', { direction: 'outbound', caller: '1001', called: '10086' })
    const desk = await open()
    await become({ state: 'talking', call: 'c7' })
    expect(desk.tab?.pop.caller).toBe('10086')
  })
})

describe('what is being typed', () => {
  it('is not disturbed by a pop: it waits for a pause, and says so', async () => {
    const desk = await open()
    await ring('c1')
    await become({ state: 'ready' })
    const typed = desk.tab!
    typed.note = '客户说'
    desk.typed(typed)
    desk.keyed()
    await ring('c2', { caller: '13900139000' })
    expect(desk.shown).toBe('c1')
    expect(desk.comes).toBe('c2')
    await pass(TYPING_PAUSE - 500)
    desk.keyed()
    await pass(TYPING_PAUSE - 1)
    expect(desk.shown).toBe('c1')
    await pass(1)
    expect(desk.shown).toBe('c2')
    expect(desk.comes).toBeNull()
    expect(typed.note).toBe('客户说')
  })

  it('in an input method has no pause: half a word is not cut off', async () => {
    const desk = await open()
    await ring('c1')
    desk.keyed(true)
    await ring('c2')
    await pass(60_000)
    expect(desk.shown).toBe('c1')
    desk.keyed(false)
    await pass(TYPING_PAUSE)
    expect(desk.shown).toBe('c2')
  })

  it('is over when the field is left, and a person may look at once', async () => {
    const desk = await open()
    await ring('c1')
    desk.keyed()
    await ring('c2')
    desk.leftField()
    expect(desk.shown).toBe('c2')
    desk.show('c1')
    desk.keyed()
    await ring('c3')
    expect(desk.shown).toBe('c1')
    desk.show('c3')
    expect(desk.shown).toBe('c3')
    await pass(TYPING_PAUSE)
    expect(desk.shown).toBe('c3')
  })

  it('on a new card stays when the same pop is told again', async () => {
    const desk = await open()
    await ring('c1')
    desk.tab!.card.name = '新客'
    desk.tab!.cardTouched = true
    office.socket.say('screen.pop', pop('c1', { customers: [1] }))
    await settle()
    expect(desk.tab?.choice).toBe('new')
    expect(desk.tab?.card.name).toBe('新客')
  })
})

describe('the note', () => {
  async function write(desk: ReturnType<typeof useDesk>, text: string): Promise<void> {
    desk.tab!.note = text
    desk.typed(desk.tab!)
    await settle()
  }
  const notes = (): unknown[] =>
    office.to('PUT', '/calls/c1/note').map((asked) => (asked.body as { note: string }).note)

  it('saves itself after a pause, once', async () => {
    const desk = await open()
    await ring('c1')
    await write(desk, '一')
    await pass(1000)
    await write(desk, '一二')
    await pass(1199)
    expect(notes()).toEqual([])
    await pass(1)
    expect(notes()).toEqual(['一二'])
    expect(desk.dirty(desk.tab!)).toBe(false)
    expect(desk.tab?.savedAt).not.toBeNull()
    await pass(60_000)
    expect(notes()).toEqual(['一二'])
  })

  it('is tried again until it is kept, and at once when the connection is back', async () => {
    const desk = await open()
    await ring('c1')
    office.reachable = false
    await write(desk, '不能丢')
    await pass(1200)
    expect(desk.tab?.failed).toBe(true)
    await pass(5000)
    expect(notes()).toHaveLength(2)
    office.socket.lose()
    office.reachable = true
    await pass(600) // the page comes back by itself
    office.socket.say('live.snapshot', { seq: 0, topics: { 'agents/1001': agent() } })
    await settle()
    await pass(0)
    expect(notes()).toHaveLength(3)
    expect(records.get('c1')?.note).toBe('不能丢')
    expect(desk.tab?.failed).toBe(false)
  })

  it('of a colleague on the same call is kept beside it', async () => {
    const desk = await open()
    await ring('c1')
    desk.tab!.note = '我写的'
    desk.typed(desk.tab!)
    office.on('PUT /calls/c1/note', (asked: Asked) =>
      (asked.body as { seen: string }).seen === ''
        ? new Refusal(409, 'changed_meanwhile', {}, { now: { note: '同事写的' } })
        : undefined,
    )
    await pass(1200)
    expect(desk.tab?.note).toBe('同事写的\n我写的')
    await pass(1200)
    const last = office.to('PUT', '/calls/c1/note').at(-1)?.body
    expect(last).toMatchObject({ note: '同事写的\n我写的', seen: '同事写的' })
    expect(desk.tab?.kept.note).toBe('同事写的\n我写的')
  })

  it('that the server refuses for good is not asked again by itself', async () => {
    const desk = await open()
    await ring('c1')
    office.on('PUT /calls/', new Refusal(422, 'wrong_fields'))
    await write(desk, '太长')
    await pass(60_000)
    expect(notes()).toEqual(['太长'])
    expect(desk.tab?.note).toBe('太长')
    expect(desk.dirty(desk.tab!)).toBe(true)
  })

  it('typed on while it is being saved is saved again', async () => {
    const desk = await open()
    await ring('c1')
    let answer: (() => void) | undefined
    office.on('PUT /calls/', (asked: Asked) => new Promise<void>((done) => (answer = () => (keepNote(asked), done()))))
    await write(desk, '一')
    await pass(1200)
    await write(desk, '一二')
    await pass(1200)
    expect(notes()).toEqual(['一'])
    answer?.()
    await pass(1200)
    expect(notes()).toEqual(['一', '一二'])
  })

  it('is not undone by an answer to an older question', async () => {
    const desk = await open()
    await ring('c1')
    let answer: (() => void) | undefined
    const older = { ...call('c1'), story: [] }
    office.on('GET /calls/c1', () => new Promise((done) => (answer = () => done(older))))
    office.socket.say('call.ended', { call: 'c1' }) // the record is being read …
    await write(desk, '写好了')
    await pass(1200) // … and meanwhile the note is kept
    answer?.()
    await settle()
    expect(desk.tab?.note).toBe('写好了')
    expect(desk.dirty(desk.tab!)).toBe(false)
  })

  it('survives the page: it is sent on its way, and found again by the next one', async () => {
    const desk = await open()
    await ring('c1')
    await write(desk, '没来得及')
    dispatchEvent(new Event('pagehide'))
    await settle()
    expect(office.to('PUT', '/calls/c1/note').at(-1)).toMatchObject({ keepalive: true, body: { note: '没来得及' } })
    desk.stop()
    useLive().stop()
    records.get('c1')!.note = '' // say that it did not arrive
    const next = await open()
    expect(next.tabs.map((tab) => [tab.call, tab.note])).toEqual([['c1', '没来得及']])
    expect(next.shown).toBe('c1')
    await pass(1200)
    expect(records.get('c1')?.note).toBe('没来得及')
    expect(Object.keys(localStorage).filter((key) => key.includes('draft'))).toEqual([])
  })

  it('is kept before the agent leaves', async () => {
    const desk = await open()
    await ring('c1')
    await write(desk, '最后一句')
    await desk.saveAll()
    expect(records.get('c1')?.note).toBe('最后一句')
  })

  it('keeps its tab open while it cannot be saved', async () => {
    const desk = await open()
    await ring('c1')
    await become({ state: 'ready' })
    office.reachable = false
    await write(desk, '还在')
    await desk.close('c1')
    expect(desk.tabs).toHaveLength(1)
    office.reachable = true
    await desk.close('c1')
    expect(desk.tabs).toEqual([])
    expect(records.get('c1')?.note).toBe('还在')
  })
})

describe('the customer', () => {
  it('that a person chooses is kept with the call, together with the note', async () => {
    const desk = await open()
    await ring('c1', { customers: [1, 2] })
    desk.choose(desk.tab!, customer(2))
    await settle()
    expect(office.to('PUT', '/calls/c1/note').at(-1)?.body).toEqual({ note: '', customer_id: 2, seen: '' })
    desk.tab!.note = '好'
    desk.typed(desk.tab!)
    await pass(1200)
    expect(office.to('PUT', '/calls/c1/note').at(-1)?.body).toEqual({ note: '好', customer_id: 2, seen: '' })
  })

  it('shows past calls by the card and by the number, newest first, each once', async () => {
    const old = call('old', { started_at: '2026-11-20T08:00:00+00:00' })
    const older = call('older', { started_at: '2026-11-10T08:00:00+00:00', customer_id: 1 })
    office.on('GET /calls', (asked: Asked) => {
      const items = asked.query.get('customer_id') ? [older, old] : asked.query.get('caller') ? [old, call('c1')] : []
      return { items, total: items.length }
    })
    const desk = await open()
    await ring('c1', { customers: [1] })
    expect(desk.tab?.past?.map((past) => past.id)).toEqual(['old', 'older'])
  })

  it('that somebody changed elsewhere is shown as it is now', async () => {
    const desk = await open()
    await ring('c1', { customers: [1] })
    office.on('GET /customers/1', customer(1, { name: '王芳芳' }))
    office.socket.say('customer.saved', { customer: 1, by: '2001' })
    await settle()
    expect(desk.tab?.customer?.name).toBe('王芳芳')
  })
})

describe('a day', () => {
  it('has the outcome of a call on its tab and in the list as soon as it is written', async () => {
    const desk = await open()
    await ring('c1')
    await become({ state: 'talking', call: 'c1' })
    await become({ state: 'wrap_up', call: null, until: '2026-11-24T08:01:00+00:00' })
    expect(desk.stateOf(desk.tab!)).toBe('ended')
    expect(desk.tab?.record?.outcome).toBeNull()
    Object.assign(records.get('c1')!, { ended_at: '2026-11-24T08:00:30+00:00', outcome: 'answered', talk_seconds: 21 })
    office.on('GET /calls', { items: [records.get('c1')], total: 1 })
    await pass(5000)
    expect(desk.tab?.record?.outcome).toBe('answered')
    expect(desk.today?.map((own) => own.id)).toEqual(['c1'])
  })

  it('keeps few tabs: those that are over and saved go, the oldest first', async () => {
    const desk = await open()
    for (let n = 1; n <= 9; n += 1) {
      await ring(`c${n}`, { customers: [1] })
      await become({ state: 'ready' })
    }
    expect(desk.tabs.map((tab) => tab.call)).toEqual(['c4', 'c5', 'c6', 'c7', 'c8', 'c9'])
  })

  it('never drops a tab with something unsaved', async () => {
    const desk = await open()
    await ring('c1')
    office.on('PUT /calls/c1', new Refusal(503, 'unavailable'))
    desk.tab!.note = '还没保存'
    desk.typed(desk.tab!)
    for (let n = 2; n <= 12; n += 1) {
      await ring(`c${n}`, { customers: [1] })
      await become({ state: 'ready' })
    }
    expect(desk.tabs[0]).toMatchObject({ call: 'c1', note: '还没保存' })
  })

  it('after a restart of the server goes on by itself', async () => {
    const desk = await open()
    office.socket.lose(1012)
    expect(useLive().connection).toBe('lost')
    await pass(20_000)
    record('c5')
    const offered = agent({ state: 'offered', call: 'c5' })
    office.on('GET /desk', { agent: offered, pop: pop('c5', { customers: [1] }) })
    office.socket.say('live.snapshot', { seq: 0, topics: { 'agents/1001': offered } })
    await settle()
    expect(useLive().connection).toBe('open')
    expect(desk.tab?.call).toBe('c5')
    expect(desk.ringing?.caller).toBe('13800138000')
  })
})
