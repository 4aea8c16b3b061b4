import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { PretendedOffice, Refusal, type Asked } from '../kit/office'
import { useLive } from '../live'
import { useSession } from '../session'
import { useMessages } from './messages'

const left = {
  id: 1,
  call: 'c1',
  queue: 'sales',
  agent: null,
  extension: null,
  recording_id: 'v1',
  caller: '138',
  at: '',
  seconds: 9,
  heard_by: '',
  assigned_to: '',
  note: '',
  done: false,
  done_by: '',
}
let office: PretendedOffice
let messages: ReturnType<typeof useMessages>

beforeEach(() => {
  vi.useFakeTimers()
  office = new PretendedOffice()
  office.on('GET /voicemail', { items: [left], total: 1 })
  office.on('GET /callbacks', { items: [], total: 0 })
  office.on('PUT /voicemail/1', (asked: Asked) => ({ ...left, ...(asked.body as object), done_by: '1001' }))
  setActivePinia(createPinia())
  useLive().start()
  messages = useMessages()
})
afterEach(() => {
  useLive().stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

it('a message that is seen to stays in the list, marked, and can be taken back', async () => {
  await messages.load()
  expect(messages.openVoicemail).toBe(1)
  await messages.mark(messages.voicemail![0]!, true)
  expect([messages.openVoicemail, messages.voicemail?.[0]?.done_by]).toEqual([0, '1001'])
  await messages.mark(messages.voicemail![0]!, false)
  expect(messages.openVoicemail).toBe(1)
})

it('a call that ends in a message has the list read again, when a page shows it', async () => {
  office.socket.say('call.ended', { call: 'c2', outcome: 'voicemail' })
  await vi.advanceTimersByTimeAsync(5000)
  expect(office.to('GET', '/voicemail')).toHaveLength(0)
  await messages.load()
  office.socket.say('call.ended', { call: 'c2', outcome: 'voicemail' })
  office.socket.say('call.ended', { call: 'c3', outcome: 'answered' })
  await vi.advanceTimersByTimeAsync(5000)
  expect(office.to('GET', '/voicemail')).toHaveLength(2)
})

it('what somebody else does to a message has the list read again, and what one does oneself does not', async () => {
  useSession().me = { login: '1001', name: '张三', role: 'agent', language: 'zh-CN' } as never
  await messages.load()
  office.socket.say('voicemail.marked', { message: 1, by: '1001', done: true })
  await vi.advanceTimersByTimeAsync(5000)
  expect(office.to('GET', '/voicemail')).toHaveLength(1)
  office.socket.say('voicemail.marked', { message: 1, by: '1002', done: true })
  office.socket.say('voicemail.left', { call: 'c9', queue: null, agent: '1001' })
  await vi.advanceTimersByTimeAsync(5000)
  expect(office.to('GET', '/voicemail')).toHaveLength(2)
})

it('a message is given to somebody, noted and heard, and only what changes is sent', async () => {
  await messages.load()
  await messages.change(messages.voicemail![0]!, { assigned_to: '1002' })
  expect(messages.voicemail?.[0]?.assigned_to).toBe('1002')
  await messages.change(messages.voicemail![0]!, { heard: true })
  expect(office.to('PUT', '/voicemail/1').map((asked) => asked.body)).toEqual([{ assigned_to: '1002' }, { heard: true }])
})

it('a role that may not see them is not told so again and again', async () => {
  office.on('GET /voicemail', new Refusal(403, 'not_allowed'))
  await messages.load()
  await messages.load()
  expect([messages.allowed, office.to('GET', '/voicemail').length]).toEqual([false, 1])
})

it('a list that cannot be read says so and keeps what it had', async () => {
  await messages.load()
  office.on('GET /voicemail', new Refusal(503, 'unavailable'))
  await messages.load()
  expect(messages.fault).not.toBe('')
  expect(messages.voicemail).toHaveLength(1)
})

it('a callback that the system could not reach is still to be seen to', async () => {
  const asked = { id: 5, call: 'c5', queue: 'sales', number: '139', at: '', state: 'failed', done_by: 'system', tries: 3 }
  office.on('GET /callbacks', { items: [asked], total: 1 })
  office.on('PUT /callbacks/5', { ...asked, state: 'done', done_by: '1001' })
  await messages.load()
  expect(messages.openCallbacks).toBe(1)
  await messages.markCallback(messages.callbacks![0]!, 'done')
  expect(messages.openCallbacks).toBe(0)
})
