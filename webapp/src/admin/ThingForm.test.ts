import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import { salesQueue } from '../kit/things'
import type { Thing, Things } from '../model'
import ThingForm from './ThingForm.vue'

let office: PretendedOffice
const phone = { number: '1001', contact: '', auto_answer: false, codecs: ['G722', 'PCMA'], encryption: 'required' as const, has_password: true, registered: false, address: '', device: '' }

beforeEach(() => {
  setActivePinia(createPinia())
  office = new PretendedOffice()
  for (const kind of ['trunks', 'users', 'extensions', 'queues', 'calendars']) office.on(`GET /${kind}`, { items: [], total: 0 })
  office.on('GET /flows', { items: [], total: 0, faults: [] })
  office.on('GET /dictionaries', { items: [], total: 0 })
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
    expect(office.to('PUT', '/extensions/1001')).toEqual([]) // nothing was changed
    expect(page.emitted('saved')).toHaveLength(1)
    page.unmount()
  })

  it('sends only what was changed, and what that was; of a secret nothing', async () => {
    office.on('PUT /queues/sales', salesQueue)
    office.on('PUT /extensions/1001', phone)
    const page = await open('queues', salesQueue)
    await write('title', '销售部')
    await save()
    expect(office.to('PUT', '/queues/sales')[0]?.body).toEqual({ title: '销售部', was: { title: '销售' } })
    page.unmount()
    const other = await open('extensions', phone)
    await write('password', 's3cret!!')
    await save()
    expect(office.to('PUT', '/extensions/1001')[0]?.body).toEqual({ password: 's3cret!!', was: {} })
    other.unmount()
  })

  it('shows what somebody else changed meanwhile, keeps what was typed, and saves it over that', async () => {
    const now = { ...salesQueue, title: '电销', ring: 45 }
    office.on('PUT /queues/sales', new Refusal(409, 'thing_changed', {}, { changed: ['title'], now }))
    const page = await open('queues', salesQueue)
    await write('title', '销售部')
    await save()
    await shown('现在是 电销')
    expect(document.querySelector('[data-testid=thing-changed]')?.textContent).toContain('别人刚修改了')
    expect([field('title').value, field('ring').value]).toEqual(['销售部', '45'])
    office.on('PUT /queues/sales', now)
    await save()
    expect(office.to('PUT', '/queues/sales')[1]?.body).toEqual({ title: '销售部', was: { title: '电销' } })
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
    const page = await open('queues', salesQueue)
    await write('title', '销售部')
    await save()
    await shown('没有用户 1009')
    expect(page.emitted('saved')).toBeUndefined()
    page.unmount()
  })

  it('folds away what is seldom set, says how much of it is set, and opens what has a fault', async () => {
    office.on('PUT /extensions/1001', new Refusal(422, 'wrong_fields', { codecs: '没有这种编码' }))
    const page = await open('extensions', phone)
    const fold = document.querySelector('[data-testid=fold-groupSound]')
    expect(document.querySelector('[data-testid=thing-codecs]')).toBeNull()
    expect(fold?.textContent).toContain('已改 2 项')
    expect(fold?.getAttribute('aria-expanded')).toBe('false')
    await write('password', 's3cret!!')
    await save()
    await shown('没有这种编码')
    expect(fold?.getAttribute('aria-expanded')).toBe('true')
    page.unmount()
  })

  it('has lines for names with values: one more, one less', async () => {
    const user: Things['users'] = { login: '1001', name: '张三', role: 'agent', own_role: '', extension: null, language: 'en', in_directory: true, record: 'never', skills: { english: 3, 粤语: 5 }, has_password: true, has_pin: true }
    office.on('PUT /users/1001', user)
    const page = await open('users', user)
    const skills = document.querySelector('[data-testid=thing-skills]')
    const rows = (): Element[] => [...(skills?.querySelectorAll('[data-testid=row]') ?? [])]
    const press = async (within: Element | null | undefined, name: string): Promise<void> => {
      within?.querySelector<HTMLElement>(`[data-testid=${name}]`)?.click()
      await flushPromises()
    }
    await press(rows()[0], 'row-remove')
    await press(skills, 'row-add')
    expect(rows()).toHaveLength(2)
    await save()
    await shown('有一行没填完')
    await press(rows()[1], 'row-remove')
    await save()
    expect(office.to('PUT', '/users/1001')[0]?.body).toEqual({ skills: { 粤语: 5 }, was: { skills: { english: 3, 粤语: 5 } } })
    page.unmount()
  })
})
