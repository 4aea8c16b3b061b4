import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice } from '../kit/office'
import AlarmStrip from '../wall/AlarmStrip.vue'
import BansPart from './BansPart.vue'

let office: PretendedOffice
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
const ban = (address: string, seconds: number, why = 'passwords'): object => ({
  address,
  since: inSeconds(seconds - 60),
  until: inSeconds(seconds),
  times: 2,
  why,
})

beforeEach(() => {
  office = new PretendedOffice()
  sessionStorage.clear()
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open(part: unknown): Promise<ReturnType<typeof mount>> {
  const page = mount(part as never, { global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('addresses that are banned', () => {
  it('are listed with reason and time left; one that has run out is not', async () => {
    office.on('GET /bans', { items: [ban('203.0.113.66', 45), ban('203.0.113.67', -1, 'scan')], total: 2 })
    const page = await open(BansPart)
    const rows = page.findAll('[data-testid=ban]')
    expect(rows.map((row) => row.attributes('data-address'))).toEqual(['203.0.113.66'])
    expect(rows[0]?.text()).toContain(i18n.global.t('bans.reasons.passwords'))
    expect(rows[0]?.text()).toMatch(/0:4[345]/)
  })

  it('say what this page is for where there is none', async () => {
    office.on('GET /bans', { items: [], total: 0 })
    expect((await open(BansPart)).text()).toContain(i18n.global.t('bans.empty'))
  })
})

describe('outside calls that were refused', () => {
  const alarm = (seconds: number, extension: string | null = '1001'): object => ({
    at: inSeconds(-seconds),
    call: 'c',
    extension,
    number: '0044123456',
    who: '1001',
    rule: 'international',
  })

  it('stand on the strip until they are read, the newest in words', async () => {
    office.on('GET /alarms', { items: [alarm(5), alarm(60), alarm(4000)], total: 3, recordings: [] })
    const strip = await open(AlarmStrip)
    const text = strip.get('[data-testid=alarm-strip]').text()
    for (const part of ['1001', '0044123456', i18n.global.t('alarms.rules.international')]) expect(text).toContain(part)
    expect(strip.get('[data-testid=alarm-more]').text()).toContain('2')
    await strip.get('button').trigger('click')
    expect(strip.find('[data-testid=alarm-strip]').exists()).toBe(false)
  })

  it('of a flow name no extension', async () => {
    office.on('GET /alarms', { items: [alarm(5, null)], total: 1, recordings: [] })
    expect((await open(AlarmStrip)).text()).toContain(i18n.global.t('alarms.flow', { at: '', number: '', rule: '' }).slice(1, 3))
  })
})

describe('what endangers recordings', () => {
  it('stands on the strip for as long as it lasts', async () => {
    const at = inSeconds(-5)
    const alarms = [
      { at, kind: 'failed', why: 'No space left on device' },
      { at, kind: 'space', why: '3 MB are free' },
    ]
    office.on('GET /alarms', { items: [], total: 0, recordings: alarms })
    const strip = await open(AlarmStrip)
    const shown = strip.findAll('[data-testid=recording-alarm]')
    expect(shown.map((one) => one.attributes('data-kind'))).toEqual(['failed', 'space'])
    expect(shown[0]?.text()).toContain(i18n.global.t('alarms.recordings.failed'))
    expect(shown[0]?.text()).toContain('No space left on device')
    expect(shown[0]?.find('button').exists()).toBe(false)
  })
})
