import { describe, expect, it } from 'vitest'

import { en } from '../locales/en'
import { zh } from '../locales/zh-CN'
import { THING_KEYS, type Extension, type Queue, type Thing, type Trunk } from '../model'
import { draftFaults, draftOf, freshDraft, keyOf, KINDS, toSend } from './kinds'

const kinds = Object.keys(KINDS) as Thing[]
const trunk: Trunk = {
  name: 'telecom',
  host: '203.0.113.5',
  port: 5060,
  username: '62960000',
  has_password: true,
  register: true,
  allow: ['203.0.113.0/28'],
  in_strip: 1,
  in_prepend: '0',
  out_form: 'e164',
  out_strip: 0,
  out_prepend: '',
  caller: '02088886666',
  caller_id: 'pai',
  channels: 30,
  codecs: ['PCMU', 'PCMA'],
  encryption: 'required',
  options: 60,
  transport: 'tcp',
  state: 'down',
  why: '403',
}
const queue: Queue = {
  name: 'sales',
  title: '销售',
  strategy: 'longest_idle',
  members: ['1001'],
  wrap_up: 10,
  ring: 20,
  service_level: 20,
  max_wait: 0,
  record: true,
  music: '',
  calendar: 'office',
  at_closing: 'leave',
}
const phone: Extension = {
  number: '1001',
  contact: '',
  auto_answer: true,
  codecs: ['G722', 'PCMA'],
  encryption: 'allowed',
  has_password: true,
  registered: true,
  address: 'x',
  device: 'y',
}

describe('forms of the administration', () => {
  it.each(kinds)('%s: every word stands in both catalogues', (kind) => {
    for (const words of [zh, en] as unknown as Record<string, Record<string, string>>[]) {
      for (const column of KINDS[kind].columns) expect(words.adminColumn?.[column], column).toBeTruthy()
      for (const field of KINDS[kind].fields) {
        expect(words.admin?.[field.label], field.label).toBeTruthy()
        if (field.help) expect(words.adminHelp?.[field.help], field.help).toBeTruthy()
      }
      expect(words.adminNew?.[kind] && words.adminAbout?.[kind]).toBeTruthy()
    }
  })

  it.each(kinds)('%s: a fresh one has every field of its form, and names its key', (kind) => {
    const names = KINDS[kind].fields.filter((field) => field.kind !== 'secret').map((field) => field.name)
    expect(Object.keys(freshDraft(kind)).sort()).toEqual([...names].sort())
    expect(names).toContain(THING_KEYS[kind])
    expect(Object.keys(draftFaults(kind, freshDraft(kind), false))).toContain(THING_KEYS[kind])
  })

  it('send what was there back as it was, and no password that nobody typed', () => {
    const { has_password: _, state: __, why: ___, ...sent } = trunk
    expect(toSend('trunks', draftOf('trunks', trunk))).toEqual(sent)
    expect(toSend('queues', draftOf('queues', queue))).toEqual(queue)
    expect(toSend('extensions', draftOf('extensions', phone))).toEqual({
      number: '1001',
      contact: '',
      auto_answer: true,
      codecs: ['G722', 'PCMA'],
      encryption: 'allowed',
    })
    expect(toSend('users', { ...freshDraft('users'), login: ' 1001 ', extension: '' })).toMatchObject({
      login: '1001',
      extension: null,
    })
  })

  it('send a password that was typed, as it was typed', () => {
    expect(toSend('trunks', { ...draftOf('trunks', trunk), password: ' a b ' }).password).toBe(' a b ')
    const door = { ...draftOf('extensions', phone), fixed: true, contact: 'sip:door@10.0.0.9', password: 'left over' }
    expect(toSend('extensions', door)).toMatchObject({ number: '1001', contact: 'sip:door@10.0.0.9', auto_answer: true })
    expect(toSend('extensions', { ...door, fixed: false })).toMatchObject({ contact: '', password: 'left over' })
  })

  it('are copies: a list that is typed in does not change the table', () => {
    const draft = draftOf('queues', queue)
    ;(draft.members as string[]).push('1002')
    expect(queue.members).toEqual(['1001'])
  })

  it.each([
    ['numbers', { match: '02088886666', flow: 'main' }, {}],
    ['numbers', { match: '9.', flow: 'main' }, {}],
    ['numbers', { match: '.', flow: 'main' }, {}],
    ['numbers', { match: '9.1', flow: 'main' }, { match: 'match' }],
    ['numbers', { match: '020 8888', flow: 'main' }, { match: 'match' }],
    ['numbers', { match: '', flow: '' }, { match: 'required', flow: 'required' }],
    ['outbound', { match: '0.', trunks: [], strip: 0, prepend: '' }, { trunks: 'required' }],
    ['outbound', { match: '0.', trunks: ['a'], strip: -1, prepend: 'x' }, { strip: 'range', prepend: 'digits' }],
    ['users', { login: '10 01', name: '张三', role: 'agent', language: 'en' }, { login: 'name' }],
    ['users', { login: '李四', name: 'O’Neill (2)', role: 'agent', language: 'en' }, {}],
    ['users', { login: '1', name: 'A', role: 'agent', language: 'en', password: 'short' }, { password: 'short' }],
    ['extensions', { ...freshDraft('extensions'), number: '1001', codecs: [] }, { password: 'required', codecs: 'required' }],
    ['extensions', { ...freshDraft('extensions'), number: '1900', fixed: true, contact: 'door@1.2.3.4' }, { contact: 'contact' }],
    ['extensions', { ...freshDraft('extensions'), number: '1900', fixed: true, contact: 'sip:door@127.0.0.3:6100' }, {}],
    ['trunks', { ...freshDraft('trunks'), name: 'a', host: '', port: 70000 }, { host: 'required', port: 'range' }],
    ['trunks', { ...freshDraft('trunks'), name: 'a b', host: 'x', port: undefined }, { name: 'name', port: 'required' }],
    ['trunks', { ...freshDraft('trunks'), name: 'a', host: 'x', port: 1, register: true, username: ' ' }, { username: 'required' }],
    ['limits', { ...freshDraft('limits'), who: 'each', night: '22-7' }, { night: 'night' }],
    ['mailboxes', { ...freshDraft('mailboxes'), longest: 4 }, { box: 'required', longest: 'range' }],
    ['mailboxes', { ...freshDraft('mailboxes'), box: 'queue:sales', mail: ['a@example.com'] }, {}],
    ['teams', { ...freshDraft('teams'), name: '日班', members: ['1001'] }, {}],
    ['teams', freshDraft('teams'), { name: 'required' }],
    ['trunks', { ...freshDraft('trunks'), name: 'a', host: 'x', codecs: ['G729'] }, { codecs: 'heardOnly' }],
    ['queues', { ...queue, wrap_up: 4000 }, { wrap_up: 'range' }],
  ] as const)('%s %j: %j', (kind, draft, faults) => expect(draftFaults(kind, draft, false)).toEqual(faults))

  it('keep a phone whose password is known already', () => {
    expect(draftFaults('extensions', draftOf('extensions', phone), true)).toEqual({})
    expect(keyOf('extensions', phone)).toBe('1001')
  })
})
