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
