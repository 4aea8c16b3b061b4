import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createI18n } from 'vue-i18n'

import { display as zh } from '../locales/zh/display'
import { addressFor, languageOf, queuesOf, tokenOf } from './address'
import DisplayPage from './DisplayPage.vue'
import { levelOf, percent, type DisplayFigures } from './figures'

const LIMITS = { waiting: { warn: 3, alarm: 6 }, longest: { warn: 60, alarm: 120 }, service_level: { warn: 0.8, alarm: 0.6 } }
const AT = '2026-11-27T06:00:00+00:00'
function figures(more: Partial<DisplayFigures> = {}): DisplayFigures {
  const queue = (name: string, waiting: number, level: number | null) => ({
    name,
    title: name,
    waiting,
    longest_since: waiting ? '2026-11-27T05:58:30+00:00' : null,
    offered: 9,
    answered: 7,
    abandoned: 2,
    service_level: level,
    target: 20,
    asa: 4,
    limits: LIMITS,
  })
  return {
    name: '大厅',
    at: AT,
    utc_offset: 480,
    build: 'one',
    queues: [queue('sales', 7, 0.5), queue('service', 0, null)],
    agents: { ready: 2, talking: 3, wrap_up: 1, on_break: 1, signed_in: 7 },
    ...more,
  }
}

describe('an address', () => {
  it('says the queues, the language and the token, and hides the token behind #', () => {
    const address = addressFor('https://office', 'abc-_9', 'en', ['sales', 'service'])
    expect(address).toBe('https://office/app/display?lang=en&queues=sales,service#abc-_9')
    const { search, hash } = new URL(address)
    expect([queuesOf(search), tokenOf(hash), languageOf(search, 'callcenterd_language=zh-CN', 'zh')]).toEqual(['sales,service', 'abc-_9', 'en'])
    expect([tokenOf('#a b'), tokenOf(''), languageOf('', '', 'de'), languageOf('', 'x=1; callcenterd_language=zh-CN', 'de')]).toEqual(['', '', 'en', 'zh-CN'])
  })
})

describe('a figure', () => {
  it('is worth a warning from its limit on', () => {
    expect([0, 2, 3, 5, 6].map((n) => levelOf(n, LIMITS.waiting))).toEqual(['well', 'well', 'warn', 'warn', 'alarm'])
    expect([1, 0.8, 0.79, 0.6, 0.59, null].map((n) => levelOf(n, LIMITS.service_level, true))).toEqual(['well', 'well', 'warn', 'warn', 'alarm', 'well'])
    expect(levelOf(99, null)).toBe('well')
    expect([1, 0.996, 0, null].map(percent)).toEqual(['100%', '99%', '0%', '–'])
  })
})

describe('the wall display', () => {
  let answer: () => Promise<Response>
  let asked: Request[] = []
  let page: VueWrapper
  const reload = vi.fn()

  const says = (body: unknown, status = 200) => (answer = async () => new Response(JSON.stringify(body), { status }))
  const get = (name: string) => page.find(`[data-testid="display${name}"]`)
  const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms)

  beforeEach(async () => {
    vi.useFakeTimers({ now: Date.parse(AT), toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
    asked = []
    reload.mockReset()
    says(figures())
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      asked.push(new Request(new URL(url, 'http://office'), init))
      return answer()
    })
    vi.stubGlobal('location', { search: '?queues=sales', hash: '#secret', reload })
    const i18n = createI18n({ legacy: false, locale: 'zh-CN', messages: { 'zh-CN': { display: zh } } })
    page = mount(DisplayPage, { global: { plugins: [i18n] } })
    await passes(10)
  })
  afterEach(() => {
    page.unmount()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('shows the figures with the office’s clock, and levels as colour and sign', async () => {
    const [sales, service] = page.findAll('[data-testid="display-queue"]')
    expect(sales!.text().replace(/\s+/g, ' ')).toBe('sales701:3050%2')
    expect(sales!.findAll('td').map((cell) => [cell.attributes('data-level'), cell.find('svg').exists()])).toEqual([
      ['alarm', true],
      ['warn', true],
      ['alarm', true],
      ['well', false],
    ])
    expect(sales!.find('svg').attributes('aria-label')).toBe('告急')
    expect(service!.findAll('td').map((cell) => cell.text())).toEqual(['0', '–', '–', '2'])
    expect(get('-clock').text()).toBe('14:00:00')
    expect(page.find('h1').text()).toBe('大厅')
    expect(get('-talking').text()).toBe('3')
    answer = async () => Promise.reject(new TypeError('no network'))
    await passes(30_500)
    expect(sales!.findAll('td')[1]!.text()).toBe('02:00') // the figures' time goes on with the server's clock
  })

  it('asks with its token in a header, one question after the other', async () => {
    expect([asked[0]!.url, asked[0]!.headers.get('authorization')]).toEqual(['http://office/api/v1/display?queues=sales', 'Bearer secret'])
    answer = () => new Promise(() => {}) // a server that never answers
    await passes(60_000)
    expect(asked.length).toBeLessThan(4)
  })

  it('says when its figures are old, hides them when they are very old, and goes on by itself', async () => {
    answer = async () => Promise.reject(new TypeError('no network'))
    await passes(14_000)
    expect(get('-old').text()).toContain('14:00:')
    expect(get('-waiting').text()).toBe('7')
    await passes(300_000)
    expect(get('-waiting').text()).toBe('–')
    says(figures({ at: new Date().toISOString() }))
    await passes(3_000)
    expect(get('-old').exists()).toBe(false)
    expect(get('-waiting').text()).toBe('7')
  })

  it('loads itself anew after an update of the server, and not otherwise', async () => {
    await passes(20_000)
    expect(reload).not.toHaveBeenCalled()
    says(figures({ build: 'two' }))
    await passes(3_000)
    expect(reload).toHaveBeenCalledOnce()
  })

  it('says that its link shows nothing any more, asks seldom, and shows figures again if it does', async () => {
    says({}, 401)
    await passes(3_000)
    expect(get('-trouble').text()).toContain('这个链接已失效')
    expect(get('-queue').exists()).toBe(false)
    const before = asked.length
    await passes(28_000)
    expect(asked.length).toBe(before)
    says(figures())
    await passes(30_000)
    expect(get('-trouble').exists()).toBe(false)
    says(figures({ queues: figures().queues.slice(0, 1) }))
    await passes(3_000)
    expect(page.findAll('[data-testid="display-queue"]').length).toBe(1)
    expect(get('-level').text()).toContain('20 秒内接听')
  })

  it('keeps nothing for later when it is closed', async () => {
    const before = asked.length
    page.unmount()
    await passes(60_000)
    expect(asked.length).toBe(before)
    expect(vi.getTimerCount()).toBe(0)
  })
})
