import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice } from '../kit/office'
import DevicesPart from './DevicesPart.vue'

let office: PretendedOffice
const device = {
  id: 7,
  mac: '805ec01a2b3c',
  vendor: 'yealink',
  extension: '1001',
  created_at: '2026-11-26T09:00:00+08:00',
  created_by: 'admin',
  fetched_at: null,
  fetched_from: '',
  fetched_by: '',
  fetches: 0,
}
const made = { device, address: 'http://box:8080/provision/SECRET/', file: '805ec01a2b3c.cfg' }
const phone = { number: '1001', contact: '', has_password: true, registered: false, address: '', device: '' }

beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /devices', { items: [device], total: 1 })
  office.on('GET /extensions', { items: [phone, { ...phone, number: '1900', has_password: false }], total: 2 })
  office.on('GET /users', { items: [{ login: '1001', name: '张三', extension: '1001' }], total: 1 })
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open(): Promise<ReturnType<typeof mount>> {
  const page = mount(DevicesPart as never, { global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('desk phones that are set up from here', () => {
  it('are listed with whose they are, and whether they came for their settings', async () => {
    const page = await open()
    const row = page.get('[data-testid=device-row]').text()
    for (const text of ['1001', '张三', '80:5E:C0:1A:2B:3C', 'Yealink']) expect(row).toContain(text)
    expect(row).toContain(i18n.global.t('devices.never'))
  })

  it('get their secret address when they are put in, and it is shown once', async () => {
    office.on('POST /devices', made)
    const page = await open()
    await page.get('[data-testid=device-new]').trigger('click')
    await flushPromises()
    expect(document.querySelector('[data-testid=device-form]')).not.toBeNull()
    const inside = page.vm as unknown as { draft: { mac: string; extension: string }; add: () => Promise<void> }
    Object.assign(inside.draft, { mac: ' 80:5E:C0:1A:2B:3C ', extension: '1001' })
    await inside.add()
    await flushPromises()
    expect(office.to('POST', '/devices').map(({ body }) => body)).toEqual([
      { mac: '80:5E:C0:1A:2B:3C', vendor: 'yealink', extension: '1001' },
    ])
    expect(document.querySelector('[data-testid=device-address]')?.textContent).toBe(made.address)
  })
})
