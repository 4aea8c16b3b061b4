import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice } from '../kit/office'
import PhonesPart from './PhonesPart.vue'

let office: PretendedOffice
const phone = {
  extension: '1001',
  contact: 'sip:1001@192.168.1.7:5062',
  device: 'Yealink SIP-T46U 108.86.0.20',
  source: '192.168.1.7:5062',
  transport: 'TLS',
  latency_ms: 12.5,
  silent: false,
  since: '2026-11-26T09:00:00+08:00',
  expires_at: '2026-11-26T10:00:00+08:00',
}

beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /users', { items: [{ login: '1001', name: '张三', extension: '1001' }], total: 1 })
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open(...phones: unknown[]): Promise<ReturnType<typeof mount>> {
  office.on('GET /phones', { items: phones, total: phones.length })
  const page = mount(PhonesPart as never, { global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('phones that are registered', () => {
  it('are listed with whose they are, what they are, where and how far away', async () => {
    const page = await open(phone)
    const row = page.get('[data-testid=phone-row]').text()
    for (const text of ['1001', '张三', 'Yealink SIP-T46U', '192.168.1.7:5062', 'TLS']) expect(row).toContain(text)
    expect(page.get('[data-testid=phone-latency]').text()).toBe(i18n.global.t('phones.ms', { n: 12.5 }))
    page.unmount()
  })

  it('say when one does not answer, or was not asked yet', async () => {
    const page = await open(
      { ...phone, silent: true },
      { ...phone, extension: '1002', contact: 'sip:1002@x', latency_ms: null },
      { ...phone, extension: '1003', contact: 'sip:1003@x', latency_ms: 500, device: '' },
    )
    const said = page.findAll('[data-testid=phone-latency]')
    expect(said.map((one) => one.text())).toEqual([
      i18n.global.t('phones.silent'),
      i18n.global.t('phones.asking'),
      i18n.global.t('phones.ms', { n: 500 }),
    ])
    expect(said.map((one) => one.classes())).toEqual([['bad'], ['good'], ['bad']])
    page.unmount()
  })

  it('are asked for again while the page is open, and no longer', async () => {
    vi.useFakeTimers()
    try {
      office.on('GET /phones', { items: [phone], total: 1 })
      const page = mount(PhonesPart as never, { global: { plugins: [createPinia(), i18n] } })
      await vi.advanceTimersByTimeAsync(16_000)
      expect(office.to('GET', '/phones')).toHaveLength(2)
      page.unmount()
      await vi.advanceTimersByTimeAsync(60_000)
      expect(office.to('GET', '/phones')).toHaveLength(2)
    } finally {
      vi.useRealTimers()
    }
  })

  it('say what to do while there is none', async () => {
    const page = await open()
    expect(page.text()).toContain(i18n.global.t('phones.emptyHelp'))
    page.unmount()
  })
})
