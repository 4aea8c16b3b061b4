import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import { useSession } from '../session'
import AppointmentForm from './AppointmentForm.vue'
import AppointmentPanel from './AppointmentPanel.vue'
import { clockOf, empty, type Appointment, type Place } from './model'

let office: PretendedOffice
let pinia: Pinia
const SOON = new Date(Date.now() + 86_400_000)
SOON.setMinutes(0, 0, 0)
const SERVICE = { id: 3, name: 'repair', chinese: '上门维修', english: 'Repair', active: true, persons: [], version: 1 }

function place(more: Partial<Place> = {}): Place {
  const begin = SOON.toISOString()
  return { begin, end: begin, capacity: 2, left: 1, persons: [], bookable: true, ...more }
}

function appointment(more: Partial<Appointment> = {}): Appointment {
  const at = SOON.toISOString()
  return {
    ...empty(),
    id: 7,
    number: 'YY20261127-0001',
    at,
    end: at,
    service: 3,
    person: '',
    name: '张三',
    phone: '13800138000',
    remind_by: 'sms',
    language: 'zh-CN',
    state: 'booked',
    state_at: at,
    state_by: 'flow:book',
    reason: '',
    code: '482913',
    moved_from: null,
    moved_to: null,
    owner: '1001',
    team: '',
    created_at: at,
    created_by: '1001',
    changed_at: at,
    changed_by: '1001',
    version: 1,
    ...more,
  }
}

function show(part: Component, props: object): VueWrapper {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:id?', name: 'appointments', component: { template: '<i/>' } }],
  })
  return mount(part, { props, global: { plugins: [pinia, i18n, router] }, attachTo: document.body })
}

beforeEach(() => {
  office = new PretendedOffice()
  pinia = createPinia()
  setActivePinia(pinia)
  useSession().me = {
    login: '1001',
    name: '张三',
    role: 'agent',
    extension: '801',
    must_change_password: false,
    rights: ['appointment.read', 'appointment.write', 'customer_message'],
  } as never
  office.on('GET /appointment-services', { items: [SERVICE], total: 1 })
  office.on('GET /appointment-services/3/free', { items: [place()], total: 1 })
  office.on('GET /dictionaries', { items: [], total: 0 })
  office.on('GET /fields', { items: [], total: 0 })
})

afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

describe('a new appointment', () => {
  it('goes to the place that was chosen; who comes too late sees it full, and keeps what is typed', async () => {
    const saved: Appointment[] = []
    const form = show(AppointmentForm, { start: { ...empty(), name: '张三' }, onSaved: (one: Appointment) => saved.push(one) })
    await flushPromises()
    const button = () => form.get('[data-testid=appointment-save]')
    expect(button().attributes('disabled')).toBeDefined()
    await form.get(`[data-testid="place-${clockOf(SOON.toISOString())}"] input`).setValue(true)
    expect(button().attributes('disabled')).toBeUndefined()

    office.on('POST /appointments', new Refusal(409, 'not_now'))
    office.on('GET /appointment-services/3/free', { items: [place({ left: 0, bookable: false })], total: 1 })
    await form.get('[data-testid=appointment-form]').trigger('submit')
    await flushPromises()
    expect(saved).toEqual([])
    expect(form.get(`[data-testid="place-${clockOf(SOON.toISOString())}"]`).text()).toContain('已满')
    expect((form.get('[data-testid=appointment-name]').element as HTMLInputElement).value).toBe('张三')
    const [sent] = office.to('POST', '/appointments')
    expect(sent?.body).toMatchObject({ service: 3, begin: SOON.toISOString(), person: '', name: '张三', remind_by: null })

    office.on('POST /appointments', appointment())
    await form.get('[data-testid=appointment-form]').trigger('submit')
    await flushPromises()
    expect(saved.map((one) => one.code)).toEqual(['482913'])
  })
})

describe('an open appointment', () => {
  const messages = [
    { id: 1, channel: 'sms', address: '13800138000', text: '提醒', state: 'waiting', not_before: SOON.toISOString(), sent_at: null },
  ]

  it('says by whom, with which code, and what the customer will be told', async () => {
    office.on('GET /appointments/7', appointment())
    office.on('GET /customer-messages', { items: messages, total: 1 })
    const panel = show(AppointmentPanel, { id: 7, changes: 0 })
    await flushPromises()
    expect(panel.get('[data-testid=appointment-state]').text()).toBe('已预约')
    expect(panel.get('[data-testid=appointment-code]').text()).toBe('482913')
    expect(panel.text()).toContain('语音流程 book')
    expect(panel.get('[data-testid=appointment-told] li').attributes('data-state')).toBe('waiting')
    const { query } = office.to('GET', '/customer-messages')[0]!
    expect([query.get('kind'), query.get('record')]).toEqual(['appointment', '7'])
  })

  it('is neither missed nor arrived before its time, and nothing can be done with one that was moved', async () => {
    office.on('GET /customer-messages', { items: [], total: 0 })
    office.on('GET /appointments/7', appointment())
    const early = show(AppointmentPanel, { id: 7, changes: 0 })
    await flushPromises()
    expect(early.get('[data-testid=appointment-missed]').attributes('disabled')).toBeDefined()
    office.on('GET /appointments/8', appointment({ id: 8, state: 'moved', moved_to: 9, code: '' }))
    const moved = show(AppointmentPanel, { id: 8, changes: 0 })
    await flushPromises()
    expect(moved.find('[data-testid=appointment-cancel]').exists()).toBe(false)
    expect(moved.get('[data-testid=appointment-moved_to]').text()).toBe('9')
  })

  it('is only read by who may not write', async () => {
    useSession().me = { ...useSession().me!, rights: ['appointment.read'] }
    office.on('GET /appointments/7', appointment())
    const panel = show(AppointmentPanel, { id: 7, changes: 0 })
    await flushPromises()
    expect(panel.find('[data-testid=appointment-move]').exists()).toBe(false)
    expect(panel.find('[data-testid=appointment-edit]').exists()).toBe(false)
    expect(office.to('GET', '/customer-messages')).toEqual([])
  })
})
