import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Fact } from './feed'
import { agent, PretendedOffice, PretendedSocket } from './kit/office'
import { useLive } from './live'
import { useSession } from './session'

let office: PretendedOffice
let live: ReturnType<typeof useLive>
const assign = vi.fn()

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-24T08:00:00Z') })
  vi.spyOn(location, 'assign').mockImplementation(assign)
  assign.mockClear()
  office = new PretendedOffice()
  setActivePinia(createPinia())
  live = useLive()
  live.start()
})
afterEach(() => {
  live.stop()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const snapshot = (seq = 0): void => office.socket.say('live.snapshot', { seq, topics: { 'agents/1001': agent() } })

describe('the live store', () => {
  it('is open with its first snapshot, and knows the clock of the server', () => {
    expect([live.connection, live.known]).toEqual(['connecting', false])
    office.socket.say('live.snapshot', { seq: 0, topics: { 'agents/1001': agent() } }, '2026-11-24T08:00:07Z')
    expect([live.connection, live.known, live.offset]).toEqual(['open', true, 7000])
    expect(live.agentName('1001')).toBe('张三')
    expect(live.agentName('1009')).toBe('1009')
  })

  it('knows people of whom it sees nothing else by name, asking once, and again later where it may not know', async () => {
    useSession().me = { login: '1001', name: '张三', rights: ['staff_message'] } as never
    snapshot()
    expect([live.agentName('1004'), live.agentName('1004')]).toEqual(['1004', '1004'])
    await vi.advanceTimersByTimeAsync(59_000) // refused: nothing is known of it here
    live.agentName('1004')
    expect(office.to('GET', '/colleagues')).toHaveLength(1)
    office.on('GET /colleagues', { items: [{ login: '1004', name: '赵磊' }] })
    await vi.advanceTimersByTimeAsync(2_000)
    live.agentName('1004')
    await vi.advanceTimersByTimeAsync(1)
    expect([live.agentName('1004'), live.agentName('1009')]).toEqual(['赵磊', '1009'])
    expect(office.to('GET', '/colleagues')).toHaveLength(2)
  })

  it('asks for a snapshot when a difference is missing', () => {
    snapshot()
    office.socket.say('live.changed', { seq: 2, changes: {} })
    expect(office.socket.sent).toEqual(['{"type":"live.snapshot"}'])
  })

  it('tells facts to who listens, until they stop', () => {
    const heard: Fact[] = []
    const stop = live.listen((fact) => heard.push(fact))
    office.socket.say('screen.pop', { call: 'c1' })
    stop()
    office.socket.say('screen.pop', { call: 'c2' })
    expect(heard.map((fact) => fact.data.call)).toEqual(['c1'])
  })

  it('comes back by itself, with what it knew still on the page', async () => {
    snapshot()
    office.socket.lose()
    expect(live.connection).toBe('lost')
    expect(live.agents).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(500)
    expect(PretendedSocket.all).toHaveLength(2)
    snapshot()
    expect(live.connection).toBe('open')
  })

  it('waits longer each time, but not when the network comes back', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      office.socket.lose()
      await vi.advanceTimersByTimeAsync(15_000)
    }
    const before = PretendedSocket.all.length
    office.socket.lose()
    await vi.advanceTimersByTimeAsync(7_000)
    expect(PretendedSocket.all).toHaveLength(before)
    dispatchEvent(new Event('online'))
    expect(PretendedSocket.all).toHaveLength(before + 1)
  })

  it('takes a connection that says nothing for half a minute for dead', async () => {
    snapshot()
    await vi.advanceTimersByTimeAsync(29_000)
    office.socket.say('live.ping', {})
    await vi.advanceTimersByTimeAsync(29_000)
    expect(live.connection).toBe('open')
    await vi.advanceTimersByTimeAsync(1_500)
    expect(PretendedSocket.all.length).toBeGreaterThan(1)
  })

  it('does not wait for a goodbye on a line that swallows everything, and tries it again', async () => {
    snapshot()
    office.socket.close = () => undefined
    await vi.advanceTimersByTimeAsync(30_000)
    expect(live.connection).toBe('lost')
    await vi.advanceTimersByTimeAsync(500)
    expect(PretendedSocket.all).toHaveLength(2)
    office.socket.close = () => undefined
    await vi.advanceTimersByTimeAsync(11_000)
    expect(PretendedSocket.all).toHaveLength(3)
    snapshot()
    expect(live.connection).toBe('open')
    PretendedSocket.all[0]?.lose() // the browser comes to tell of the first
    expect(live.connection).toBe('open')
  })

  it('says at once that this machine has no network', () => {
    snapshot()
    dispatchEvent(new Event('offline'))
    expect(live.connection).toBe('lost')
    dispatchEvent(new Event('online'))
    expect(PretendedSocket.all).toHaveLength(2)
    snapshot()
    expect(live.connection).toBe('open')
  })

  it('leaves for the sign-in page when it is not signed in any more', () => {
    snapshot()
    office.socket.lose(4401)
    expect(assign).toHaveBeenCalledWith('/sign-in?next=%2F')
  })

  it('says each time that it is back, for what must be asked anew', async () => {
    const back = vi.fn()
    live.whenBack(back)
    snapshot()
    await vi.advanceTimersByTimeAsync(0)
    expect(back).not.toHaveBeenCalled()
    office.socket.lose()
    await vi.advanceTimersByTimeAsync(500)
    snapshot()
    await vi.advanceTimersByTimeAsync(0)
    expect(back).toHaveBeenCalledTimes(1)
  })

  it('is closed for good when the page is left', async () => {
    snapshot()
    live.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(PretendedSocket.all).toHaveLength(1)
  })
})
