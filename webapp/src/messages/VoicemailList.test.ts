import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice } from '../kit/office'
import { useMessages } from './messages'
import VoicemailList from './VoicemailList.vue'

const left = {
  id: 1,
  call: 'c1',
  queue: 'sales',
  agent: null,
  extension: null,
  recording_id: 'v1',
  caller: '13812345678',
  at: '2026-11-27T02:00:00Z',
  seconds: 9,
  heard_by: '',
  assigned_to: '',
  note: '',
  done: false,
  done_by: '',
}

afterEach(() => {
  vi.unstubAllGlobals()
  document.body.innerHTML = ''
})

it('a message becomes a complaint that knows its call and its number, and is opened', async () => {
  const office = new PretendedOffice()
  office.on('GET /voicemail', { items: [left], total: 1 })
  office.on('GET /callbacks', { items: [], total: 0 })
  office.on('GET /dictionaries', { items: [], total: 0 })
  office.on('GET /custom-fields', { items: [], total: 0 })
  office.on('POST /complaints', { id: 7, number: 'TS20261127-0001' })
  const pinia = createPinia()
  setActivePinia(pinia)
  const page = { template: '<div />' }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/complaints/:id', name: 'complaints', component: page },
    ],
  })
  await useMessages().load()
  const mounted = mount(VoicemailList, { global: { plugins: [pinia, i18n, router] }, attachTo: document.body })
  await flushPromises()
  await mounted.find('[data-testid=complaint-new-call]').trigger('click')
  await flushPromises()
  const form = document.querySelector('[data-testid=complaint-form]')
  const phone = form?.querySelector<HTMLInputElement>('input[data-testid=complaint-phone]')
  expect(phone?.value).toBe(left.caller)
  form?.dispatchEvent(new Event('submit'))
  await flushPromises()
  expect(office.to('POST', '/complaints').map(({ body }) => body)).toMatchObject([{ call: 'c1', phone: left.caller }])
  expect(router.currentRoute.value.params.id).toBe('7')
  mounted.unmount()
})
