import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import ConsultationForm from './ConsultationForm.vue'
import { empty, type Consultation } from './model'

let office: PretendedOffice
let pinia: Pinia
const known: Consultation = {
  ...empty(),
  id: 7,
  number: 'ZX20261127-0001',
  at: '2026-11-27T02:00:00Z',
  owner: '1001',
  team: '',
  created_at: '2026-11-27T02:00:00Z',
  created_by: '1001',
  changed_at: '2026-11-27T02:00:00Z',
  changed_by: '1001',
  version: 1,
  category: 'use',
  note: '先',
}

const form = (props: object): ReturnType<typeof mount> =>
  mount(ConsultationForm as never, { props: props as never, global: { plugins: [pinia, i18n] }, attachTo: document.body })

beforeEach(() => {
  pinia = createPinia()
  setActivePinia(pinia)
  office = new PretendedOffice()
  office.on('GET /dictionaries', { items: [], total: 0 })
  office.on('GET /custom-fields', { items: [], total: 0 })
})
afterEach(() => {
  vi.unstubAllGlobals()
  document.body.innerHTML = ''
  localStorage.clear()
})

describe('the form of a consultation', () => {
  it('shows who saves second what the other has left, and then saves over what was seen', async () => {
    const now = { ...known, version: 2, note: '别人的', changed_by: '1002' }
    office.on('PUT /consultations/7', new Refusal(409, 'changed_meanwhile', {}, { now }))
    const mounted = form({ start: { ...known }, known })
    await mounted.find('textarea').setValue('我的')
    await mounted.find('form').trigger('submit')
    await flushPromises()
    const told = mounted.find('[data-testid=consultation-changed]')
    expect(told.text()).toContain('别人的')
    expect(mounted.emitted('saved')).toBeUndefined()
    office.on('PUT /consultations/7', { ...now, version: 3, note: '我的' })
    await mounted.find('form').trigger('submit')
    await flushPromises()
    expect(office.to('PUT', '/consultations/7').at(-1)?.body).toMatchObject({ version: 2, note: '我的' })
    expect(mounted.emitted('saved')).toHaveLength(1)
  })

  it('has what was typed after a reload, says so, and sends it with the key it was sent with before', async () => {
    const first = form({ start: { ...empty(), customer: 5, name: '张三' } })
    await first.find('textarea').setValue('写了一半')
    office.reachable = false
    await first.find('form').trigger('submit')
    await flushPromises()
    expect(first.emitted('saved')).toBeUndefined()
    first.unmount()

    const other = form({ start: { ...empty(), customer: 6 } })
    expect(other.find('textarea').element.value).toBe('')
    expect(other.find('[data-testid=draft-note]').exists()).toBe(false)
    other.unmount()

    const second = form({ start: { ...empty(), customer: 5, name: '张三丰' } })
    await flushPromises()
    expect(second.find('textarea').element.value).toBe('写了一半')
    expect(second.find('[data-testid=draft-note]').text()).toContain('还没有保存')
    office.reachable = true
    office.on('POST /consultations', { ...known, id: 9 })
    await second.find('form').trigger('submit')
    await flushPromises()
    const [sent, again] = office.to('POST', '/consultations')
    expect(sent?.key).toMatch(/^[0-9a-f]{32}$/)
    expect(again?.key).toBe(sent?.key)
    expect(again?.body).toMatchObject({ note: '写了一半', name: '张三丰' })
    expect(second.emitted('saved')).toHaveLength(1)
    second.unmount()

    const third = form({ start: { ...empty(), customer: 5 } })
    expect(third.find('textarea').element.value).toBe('')
    expect(localStorage.length).toBe(0)
  })

  it('throws a draft away when it is told to, or cancelled, and keeps one that is only closed', async () => {
    const start = { ...empty(), note: '电话里的' }
    const typed = async (text: string): Promise<ReturnType<typeof form>> => {
      const mounted = form({ start })
      await mounted.find('textarea').setValue(text)
      return mounted
    }
    ;(await typed('甲')).unmount()
    const found = form({ start })
    await flushPromises()
    expect(found.find('textarea').element.value).toBe('甲')
    await found.find('[data-testid=draft-discard]').trigger('click')
    expect(found.find('textarea').element.value).toBe('电话里的')
    expect(found.find('[data-testid=draft-note]').exists()).toBe(false)
    expect(localStorage.length).toBe(0)
    found.unmount()

    const cancelled = await typed('乙')
    expect(localStorage.length).toBe(1)
    await cancelled.find('[data-testid=form-cancel]').trigger('click')
    expect(cancelled.emitted('cancel')).toHaveLength(1)
    expect(localStorage.length).toBe(0)
  })

  it('writes a draft of an older version not unseen over what others have saved since', async () => {
    const mounted = form({ start: { ...known }, known })
    await mounted.find('textarea').setValue('我的')
    mounted.unmount()
    const now = { ...known, version: 2, note: '别人的', changed_by: '1002' }
    office.on('PUT /consultations/7', new Refusal(409, 'changed_meanwhile', {}, { now }))
    const again = form({ start: { ...now }, known: now })
    await again.find('form').trigger('submit')
    await flushPromises()
    expect(office.to('PUT', '/consultations/7').at(-1)?.body).toMatchObject({ version: 1, note: '我的' })
    expect(again.find('[data-testid=consultation-changed]').text()).toContain('别人的')
    await again.find('[data-testid=draft-discard]').trigger('click')
    expect(again.find('textarea').element.value).toBe('别人的')
  })

  it('begins anew when it becomes another record', async () => {
    office.on('PUT /consultations/7', new Refusal(409, 'changed_meanwhile', {}, { now: { ...known, version: 2, note: '别人的' } }))
    const mounted = form({ start: { ...known }, known })
    await mounted.find('textarea').setValue('我的')
    await mounted.find('form').trigger('submit')
    await flushPromises()
    const next = { ...known, id: 8, version: 5, note: '另一个' }
    await mounted.setProps({ start: { ...next }, known: next })
    expect(mounted.find('textarea').element.value).toBe('另一个')
    expect(mounted.find('[data-testid=consultation-changed]').exists()).toBe(false)
    office.on('PUT /consultations/8', { ...next, version: 6 })
    await mounted.find('form').trigger('submit')
    await flushPromises()
    expect(office.to('PUT', '/consultations/8').at(-1)?.body).toMatchObject({ version: 5, note: '另一个' })
  })
})
