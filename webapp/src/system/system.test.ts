import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { addressOf, folderOf, partOf, partsOf } from '../../licences'
import { i18n } from '../i18n'
import { PretendedOffice, Refusal, type Asked } from '../kit/office'
import type { Check, Health, LogLine, LogPage, Storage } from './api'
import HealthPart from './HealthPart.vue'
import LicencesPart from './LicencesPart.vue'
import LogPart from './LogPart.vue'
import { sentences } from './sentences'
import StoragePart from './StoragePart.vue'

let office: PretendedOffice
const t = i18n.global.t as (key: string, values?: Record<string, unknown>) => string

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  office = new PretendedOffice()
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function open(part: unknown): Promise<VueWrapper> {
  const page = mount(part as never, { global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  return page as VueWrapper
}
const check = (name: string, state: Check['state'], figures: Check['figures'] = {}, more: Partial<Check> = {}): Check => ({ name, state, figures, names: [], at: null, ...more })

describe('the health of the server', () => {
  const health = (checks: Check[], more: Partial<Health> = {}): Health => ({
    at: '2026-11-28T12:30:00Z',
    version: '0.1.0',
    started_at: '2026-11-26T10:00:00Z',
    state: 'warn',
    memory: 300 * 1024 * 1024,
    checks,
    ...more,
  })

  it('is said in words, each with a sign and a word', async () => {
    office.on('GET /system/health', health([check('trunks', 'fault', { up: 0, down: 1, unknown: 0 }, { names: ['telecom'] })]))
    const page = await open(HealthPart)
    const row = page.get('[data-testid=check-trunks]')
    expect(row.attributes('data-state')).toBe('fault')
    expect(row.text()).toContain(`✕${t('health.state.fault')}`)
    expect(row.text()).toContain(t('health.said.trunksDown', { names: 'telecom' }))
    expect(page.text()).toContain(t('health.upDays', { days: 2, hours: 2, minutes: 30 }))
    expect(page.text()).toContain('300 MiB')
  })

  it('is asked again while it is open, and not after', async () => {
    office.on('GET /system/health', health([]))
    const page = await open(HealthPart)
    const times = (): number => office.asked.filter((one) => one.path === '/system/health').length
    expect(times()).toBe(1)
    vi.advanceTimersByTime(5000)
    await flushPromises()
    expect(times()).toBe(2)
    page.unmount()
    vi.advanceTimersByTime(20_000)
    await flushPromises()
    expect(times()).toBe(2)
  })

  it('stays as it was last known while the server is away', async () => {
    office.on('GET /system/health', health([check('calls', 'ok', { live: 3, talking: 2, waiting: 1, draining: 0 })]))
    const page = await open(HealthPart)
    office.on('GET /system/health', new Refusal(503, 'unavailable'))
    vi.advanceTimersByTime(5000)
    await flushPromises()
    expect(page.find('[role=alert]').exists()).toBe(true)
    expect(page.find('[data-testid=check-calls]').exists()).toBe(true)
  })

  it('has a sentence for everything that the server tells of', () => {
    const all: Check[] = [
      check('trunks', 'off'),
      check('phones', 'ok', { registered: 3, pages: 1, extensions: 9 }),
      check('calls', 'warn', { live: 1, talking: 1, waiting: 0, draining: 1 }),
      check('sound', 'fault', { late_ms: 0.4, work_ms: 0.6, stopped: 3.2, skipped: 2, faults: 0, legs: 2 }),
      check('loop', 'ok', { late: 0.001, worst: 0.02 }),
      check('gateway', 'warn', {}, { names: ['down'] }),
      check('database', 'ok', { octets: 5e6, question_ms: 0.3, write_ms: 2, write_ms_worst: 31, backlog: 0 }, { names: ['sqlite'] }),
      check('database', 'fault', { octets: null, question_ms: null, write_ms: null, write_ms_worst: null, backlog: 0 }, { names: ['postgresql'] }),
      check('events', 'warn', { pages: 4, backlog: 0, failed: 7 }),
      check('workers', 'ok', { waiting: 0, restarts: null }),
      check('disk', 'warn', { free: 1e9, total: 1e11, keep_free: 2e9 }),
      check('recordings', 'fault', { unfinished: 1, orphans: 2, missing: 3, uncovered: 1 }, { names: ['failed', 'space', 'key', 'worker'] }),
      check('web_certificate', 'ok', { days: 790.4, self_made: 1 }, { at: '2029-01-01T00:00:00Z' }),
      check('sip_certificate', 'fault', { days: -2, self_made: 0 }, { at: '2026-01-01T00:00:00Z' }),
      check('mail', 'warn', { waiting: 2, failed: 1 }),
      check('sms', 'off', { waiting: 0, failed: null }),
    ]
    for (const one of all) {
      const said = sentences(one, t)
      expect(said.length, one.name).toBeGreaterThan(0)
      for (const text of said) expect(text, one.name).not.toMatch(/health\.|alarms\.|undefined|NaN|\{/)
      expect(t(`health.checks.${one.name}`)).not.toContain('health.')
    }
    expect(sentences(all[12] as Check, t)).toEqual([t('health.said.certificate', { at: '2029-01-01', days: 790 }), t('health.said.selfMade')])
  })
})

describe('the storage', () => {
  const GB = 1024 ** 3
  const storage = (disk: Partial<Storage['disks'][0]>): Storage => ({
    at: '2026-11-28T12:30:00Z',
    items: [
      { name: 'database', files: 1, octets: GB, octets_a_day: null, disk: 0, whole: true },
      { name: 'recordings', files: 12, octets: 3 * GB, octets_a_day: GB / 2, disk: 0, whole: false },
    ],
    disks: [{ total: 100 * GB, free: 50 * GB, keep_free: GB, octets_a_day: GB / 2, days_left: 98.7, ...disk }],
  })

  it('says what takes how much, what is not known, and for how long the disk will do', async () => {
    office.on('GET /system/storage', storage({}))
    const page = await open(StoragePart)
    expect(page.get('[data-testid=storage-database]').text()).toContain(t('storage.unknown'))
    expect(page.get('[data-testid=storage-recordings]').text()).toContain('≥ 3.0 GiB')
    expect(page.get('[data-testid=storage-recordings]').text()).toContain('75%')
    expect(page.get('[data-testid=disk-left]').text()).toBe(t('storage.days', { rate: '512 MiB', days: 98, keep: '1.0 GiB' }))
  })

  it.each([
    [{ free: 1024 }, 'storage.low'],
    [{ octets_a_day: null, days_left: null }, 'storage.notYet'],
    [{ octets_a_day: 0, days_left: null }, 'storage.noGrowth'],
  ])('says so where that cannot be said: %o', async (disk, key) => {
    office.on('GET /system/storage', storage(disk))
    expect((await open(StoragePart)).get('[data-testid=disk-left]').text()).toBe(t(key, { keep: '1.0 GiB' }))
  })
})

describe('the log of the server', () => {
  const line = (number: number, more: Partial<LogLine> = {}): LogLine => ({
    number,
    at: '2026-11-28T12:30:00Z',
    level: 'info',
    part: 'sip',
    event: `line ${number}`,
    details: {},
    trace: '',
    ...more,
  })
  const page_ = (items: LogLine[], more: Partial<LogPage> = {}): LogPage => ({
    items,
    total: items.length,
    since: '2026-11-28T10:00:00Z',
    newest: items[0]?.number ?? 0,
    most: 2000,
    level: 'info',
    parts: ['sip', 'web'],
    ...more,
  })
  const shown = (page: VueWrapper): string[] => page.findAll('[data-testid=log-line]').map((row) => row.text())

  it('is asked for by level, part and text, and taken as a text with the same', async () => {
    office.on('GET /system/log', page_([line(3, { details: { call: 'c1' } }), line(2)]))
    const page = await open(LogPart)
    expect(shown(page)[0]).toContain('line 3')
    expect(shown(page)[0]).toContain('call=c1')
    await page.get('[data-testid=log-level]').setValue('error')
    await page.get('[data-testid=log-part]').setValue('web')
    await page.get('[data-testid=log-text]').setValue('boom')
    await page.get('[data-testid=log-text]').trigger('change')
    await flushPromises()
    const last = office.asked.at(-1) as Asked
    expect(Object.fromEntries(last.query)).toEqual({ level: 'error', part: 'web', text: 'boom', limit: '200' })
    expect(page.get('[data-testid=log-download]').attributes('href')).toBe('/api/v1/system/log/file?level=error&part=web&text=boom')
  })

  it('is followed: what is new stands on top, and nothing twice', async () => {
    office.on('GET /system/log', (asked: Asked) => (asked.query.get('after') === '2' ? page_([line(4), line(3)]) : asked.query.get('after') ? page_([], { newest: 4 }) : page_([line(2), line(1)])))
    const page = await open(LogPart)
    for (let n = 0; n < 3; n++) {
      vi.advanceTimersByTime(2000)
      await flushPromises()
    }
    expect(shown(page).map((text) => /line \d/.exec(text)?.[0])).toEqual(['line 4', 'line 3', 'line 2', 'line 1'])
  })

  it('is read anew from a server that was started anew', async () => {
    office.on('GET /system/log', page_([line(90)]))
    const page = await open(LogPart)
    office.on('GET /system/log', (asked: Asked) => (asked.query.get('after') ? page_([], { newest: 2 }) : page_([line(2), line(1)])))
    vi.advanceTimersByTime(2000)
    await flushPromises()
    expect(shown(page)).toHaveLength(2)
  })

  it('stands still when it is not followed', async () => {
    office.on('GET /system/log', page_([line(1)]))
    const page = await open(LogPart)
    await page.get('[data-testid=log-follow]').trigger('click')
    const before = office.asked.length
    vi.advanceTimersByTime(10_000)
    await flushPromises()
    expect(office.asked).toHaveLength(before)
  })

  it('shows a trace on demand, and what is older', async () => {
    office.on('GET /system/log', (asked: Asked) => (asked.query.get('before') === '8' ? page_([line(7)]) : page_([line(9, { level: 'error', trace: 'Traceback\nBoom' }), line(8)], { total: 3 })))
    const page = await open(LogPart)
    expect(page.text()).not.toContain('Boom')
    await page.get('[data-testid=log-trace]').trigger('click')
    expect(page.get('pre').text()).toContain('Boom')
    await page.get('[data-testid=log-older]').trigger('click')
    await flushPromises()
    expect(shown(page)).toHaveLength(3)
    expect(page.find('[data-testid=log-older]').exists()).toBe(false)
  })
})

describe('licences', () => {
  it('stand with name, version, licence and home, and are found by words', async () => {
    const part = (name: string, kind: string, licence: string, home = ''): object => ({ kind, name, version: '1.2', licence, home })
    office.on('GET /system/licences', {
      version: '0.1.0',
      licence: 'MIT',
      text: 'Permission is hereby granted',
      total: 2,
      items: [part('aiohttp', 'server', 'Apache-2.0', 'https://github.com/aio-libs/aiohttp'), part('vue', 'pages', '')],
    })
    const page = await open(LicencesPart)
    expect(page.findAll('[data-testid=licence]')).toHaveLength(2)
    expect(page.get('a').attributes()).toMatchObject({ href: 'https://github.com/aio-libs/aiohttp', rel: 'noopener noreferrer' })
    expect(page.text()).toContain(t('licences.unsaid'))
    expect(page.text()).toContain('Permission is hereby granted')
    await page.get('[data-testid=licences-text]').setValue('apache')
    expect(page.findAll('[data-testid=licence]')).toHaveLength(1)
  })

  it('of the pages are those of the packages that are in the bundle', () => {
    expect(folderOf('\0/x/node_modules/@vue/shared/dist/a.js?v=1')).toBe('/x/node_modules/@vue/shared')
    expect(folderOf('/x/node_modules/a/node_modules/b/c.js')).toBe('/x/node_modules/a/node_modules/b')
    expect(folderOf('/x/src/main.ts')).toBe('')
    expect(addressOf('git+https://github.com/vuejs/core.git')).toBe('https://github.com/vuejs/core')
    expect(addressOf('github:a/b')).toBe('https://github.com/a/b')
    expect(addressOf('javascript:alert(1)')).toBe('')
    expect(partOf({ name: 'old', licenses: [{ type: 'MIT' }, { type: 'BSD' }], repository: { url: 'git://x.org/y.git' } })).toEqual({
      name: 'old',
      version: '',
      licence: 'MIT OR BSD',
      home: 'https://x.org/y',
    })
    const here = `${process.cwd()}/node_modules`
    const found = partsOf([`${here}/vue/dist/vue.js`, `${here}/vue/index.js`, `${here}/pinia/dist/pinia.mjs`, `${process.cwd()}/src/main.ts`])
    expect(found.map((one) => [one.name, one.licence])).toEqual([['pinia', 'MIT'], ['vue', 'MIT']])
  })
})
