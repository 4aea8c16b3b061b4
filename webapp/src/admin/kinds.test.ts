import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { salesQueue } from '../kit/things'
import { en } from '../locales/en'
import { zh } from '../locales/zh-CN'
import { THING_KEYS, type Extension, type Thing, type Trunk } from '../model'
import { draftFaults, draftOf, freshDraft, keyOf, toSend } from './drafts'
import { KINDS } from './kinds'

const kinds = Object.keys(KINDS) as Thing[]

/** What the site file takes, as its own paper says it (docs/site.md, drawn from the code). */
interface Setting {
  section: string
  key: string
  given: unknown
  kind: string
}
const paper = readFileSync(join(import.meta.dirname, '../../../docs/site.md'), 'utf-8')
const settings: Setting[] = paper
  .split(/^## /m)
  .slice(1)
  .flatMap((part) => {
    const section = part.split(' ')[0] ?? ''
    return [...part.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \|/gm)].map(([, key = '', given = '', kind = '']) => ({
      section,
      key,
      given: given.startsWith('needed') ? undefined : (JSON.parse(given.replaceAll('`', '')) as unknown),
      kind,
    }))
  })
const OWN_PAGES = ['calendars', 'modules']
/** Hashes are what `export` writes in place of a password. */
const NOT_TYPED = ['password_hash', 'pin_hash']
const settled = settings.filter(({ section, key }) => !OWN_PAGES.includes(section) && !NOT_TYPED.includes(key))
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
const queue = salesQueue
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

describe('settings of the site file', () => {
  it('are all read from its paper', () => {
    expect(settled.length).toBeGreaterThan(100)
    expect([...new Set(settings.map(({ section }) => section))].sort()).toEqual([...kinds, ...OWN_PAGES].sort())
  })

  it.each(settled)('$section.$key has a field that begins as the file does and takes what it takes', ({ section, key, given, kind }) => {
    const form = KINDS[section as Thing]
    const field = form.fields.find(({ name }) => name === key)
    if (!field) throw new Error(`no field for ${section}.${key}`)
    const stands = form.fresh[key]
    if (given !== undefined && field.kind !== 'secret')
      expect(field.rows ? field.rows.write(stands as never) : stands).toEqual(given)
    const bounds = / to /.test(kind) ? kind.split(' to ').map(Number) : null
    if (field.kind === 'number') expect([field.least, field.most]).toEqual(bounds)
    if (field.options) expect(field.options.map((one) => `\`${one}\``).join(', ')).toBe(kind)
  })
})

describe('forms of the administration', () => {
  it.each(kinds)('%s: every word stands in both catalogues', (kind) => {
    for (const words of [zh, en] as unknown as Record<string, Record<string, string>>[]) {
      for (const column of KINDS[kind].columns) expect(words.adminColumn?.[column], column).toBeTruthy()
      for (const field of KINDS[kind].fields) {
        expect(words.admin?.[field.label], field.label).toBeTruthy()
        if (field.help) expect(words.adminHelp?.[field.help], field.help).toBeTruthy()
        if (field.group) expect(words.admin?.[field.group], field.group).toBeTruthy()
        for (const column of field.rows?.columns ?? []) expect(words.admin?.[column.label], column.label).toBeTruthy()
        const options = words.adminOption as unknown as Record<string, Record<string, string>>
        for (const one of field.options ?? []) expect(options[field.words ?? '']?.[one || 'none'], one).toBeTruthy()
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
    ['users', { login: '10 01', name: '张三', role: 'agent', language: 'en', record: 'queue', skills: [] }, { login: 'name' }],
    ['users', { login: '李四', name: 'O’Neill (2)', role: 'agent', language: 'en', record: 'queue', skills: [] }, {}],
    ['users', { login: '1', name: 'A', role: 'agent', language: 'en', record: 'queue', skills: [], password: 'short' }, { password: 'short' }],
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
    ['queues', draftOf('queues', queue), {}],
    ['queues', { ...draftOf('queues', queue), wrap_up: 4000 }, { wrap_up: 'range' }],
    ['queues', { ...draftOf('queues', queue), wrap_up: 0 }, { wrap_up: 'wrapUpNeeded' }],
    ['queues', { ...draftOf('queues', queue), skills: [{ key: '', value: 3 }] }, { skills: 'rowEmpty' }],
    ['queues', { ...draftOf('queues', queue), skills: [{ key: 'a', value: 11 }] }, { skills: 'rowRange' }],
    ['queues', { ...draftOf('queues', queue), skills: [{ key: 'a', value: 1 }, { key: ' a', value: 2 }] }, { skills: 'rowTwice' }],
    ['queues', { ...draftOf('queues', queue), comfort: [{ every: 60, say: ' ', play: '' }] }, { comfort: 'rowWords' }],
    ['queues', { ...draftOf('queues', queue), exits: [{ key: '1', value: '' }] }, { exits: 'rowEmpty' }],
    ['queues', { ...draftOf('queues', queue), callback_retries: [{ value: 5 }] }, { callback_retries: 'rowRange' }],
    ['queues', { ...draftOf('queues', queue), callback_hours: '9-20' }, { callback_hours: 'callbackHours' }],
    ['dispositions', { ...freshDraft('dispositions'), code: '1a', title: 'x' }, { code: 'code' }],
    ['users', { ...freshDraft('users'), login: '1', name: 'A', pin: '12' }, { pin: 'pin' }],
  ] as const)('%s, %#', (kind, draft, faults) => expect(draftFaults(kind, draft, false)).toEqual(faults))

  it('keep a phone whose password is known already', () => {
    expect(draftFaults('extensions', draftOf('extensions', phone), true)).toEqual({})
    expect(keyOf('extensions', phone)).toBe('1001')
  })
})
