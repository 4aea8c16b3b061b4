import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import type { Thing, Things } from '../model'
import ThingForm from './ThingForm.vue'

let office: PretendedOffice
const phone = { number: '1001', contact: '', auto_answer: false, codecs: ['G722', 'PCMA'], encryption: 'required' as const, has_password: true, registered: false, address: '', device: '' }

beforeEach(() => {
  office = new PretendedOffice()
  for (const kind of ['trunks', 'users', 'extensions', 'queues', 'calendars']) office.on(`GET /${kind}`, { items: [], total: 0 })
  office.on('GET /flows', { items: [], total: 0, faults: [] })
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open<K extends Thing>(kind: K, thing: Things[K] | null): Promise<ReturnType<typeof mount>> {
  const page = mount(ThingForm as never, {
    props: { kind, thing } as never,
    global: { plugins: [i18n] },
    attachTo: document.body,
  })
  await flushPromises()
  return page as ReturnType<typeof mount>
}
/** The drawer stands at the end of the document, not inside its component. */
const field = (name: string): HTMLInputElement => {
  const found = document.querySelector<HTMLElement>(`[data-testid=thing-${name}]`)
  const input = found instanceof HTMLInputElement ? found : found?.querySelector('input')
  if (!input) throw new Error(`there is no field ${name}`)
  return input
}
async function write(name: string, text: string): Promise<void> {
  field(name).value = text
  field(name).dispatchEvent(new Event('input'))
  await flushPromises()
}
/** A fault at a field is shown a tenth of a second late by the form's own doing. */
const shown = (text: string): Promise<void> =>
  vi.waitFor(() => {
    const faults = [...document.querySelectorAll('.el-form-item__error')].map((fault) => fault.textContent)
    expect(faults.join(' ')).toContain(text)
  }, 5000)
async function save(): Promise<void> {
  document.querySelector('[data-testid=thing-form]')?.dispatchEvent(new Event('submit'))
  await flushPromises()
}

describe('a form of the administration', () => {
  it('creates a thing with what was typed and its defaults', async () => {
    office.on('POST /extensions', phone)
    const page = await open('extensions', null)
    await write('number', ' 1001 ')
    await write('password', 's3cret!!')
    await save()
    expect(office.to('POST', '/extensions')[0]?.body).toEqual({
      number: '1001',
      contact: '',
      auto_answer: false,
      codecs: ['PCMA', 'PCMU', 'G722', 'opus'],
      encryption: 'allowed',
      password: 's3cret!!',
    })
    expect(page.emitted('saved')).toHaveLength(1)
    page.unmount()
  })

  it('changes a thing under its name, and sends no password that was not typed', async () => {
    office.on('PUT /extensions/1001', phone)
    const page = await open('extensions', phone)
    expect(field('number').disabled).toBe(true)
    expect(field('password').value).toBe('')
    await save()
    expect(office.to('PUT', '/extensions/1001')[0]?.body).toEqual({
      number: '1001',
      contact: '',
      auto_answer: false,
      codecs: ['G722', 'PCMA'],
      encryption: 'required',
    })
    page.unmount()
  })

  it('says what is missing and asks the server nothing', async () => {
    const page = await open('extensions', null)
    await save()
    await shown('请填写')
    expect(office.to('POST', '/extensions')).toEqual([])
    page.unmount()
  })

  it('shows at the field what the server says, also of a place in a list', async () => {
    office.on('PUT /queues/sales', new Refusal(422, 'wrong_fields', { 'members.0': '没有用户 1009' }))
    const queue: Things['queues'] = {
      name: 'sales',
      title: '',
      strategy: 'random',
      members: ['1009'],
      wrap_up: 1,
      ring: 5,
      service_level: 1,
      max_wait: 0,
      record: false,
      music: '',
      calendar: 'office',
      at_closing: 'leave',
    }
    const page = await open('queues', queue)
    await save()
    await shown('没有用户 1009')
    expect(page.emitted('saved')).toBeUndefined()
    page.unmount()
  })
})
