import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { useWorkflows } from '../complaints/workflows'
import { useDictionaries } from '../dictionaries'
import { i18n } from '../i18n'
import { PretendedOffice } from '../kit/office'
import PartFault from '../parts/PartFault.vue'
import { TIMELINE_KINDS, type TimelineEntry, type TimelineKind } from './model'
import { told } from './telling'
import TimelinePart from './TimelinePart.vue'

let office: PretendedOffice
let page: VueWrapper
const empty = { template: '<p />' }
const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: '/', component: empty },
    { path: '/history/:call?', name: 'history', component: empty },
    { path: '/duties/:id?', name: 'duties', component: empty },
  ],
})

function entry(kind: TimelineKind, id: string, more: Partial<TimelineEntry> = {}): TimelineEntry {
  return { at: '2026-11-27T01:00:00Z', kind, id, by: '', text: '', details: {}, ...more }
}
const CALL = entry('call', 'c1', {
  text: '<img src=x onerror=alert(1)>',
  details: { direction: 'inbound', caller: '13800138000', outcome: 'answered', talk_seconds: 65, recording_id: 'c1-1' },
})

beforeEach(async () => {
  office = new PretendedOffice()
  setActivePinia(createPinia())
  office.on('GET /customers/7/timeline', { items: [CALL, entry('duty', '5', { text: '寄样品' })], next: 'more' })
  page = mount(TimelinePart, {
    props: { customer: 7 },
    global: { plugins: [i18n, router], components: { PartFault }, stubs: { RecordingPlayer: true } },
  })
  await flushPromises()
})
afterEach(() => {
  page.unmount()
  vi.unstubAllGlobals()
})

it('tells each thing in a line, plays a call there, and leads to the thing', async () => {
  const [call, duty] = page.findAll('[data-testid=timeline-entry]')
  expect(call?.text()).toContain('138 0013 8000')
  expect(call?.text()).toContain('<img src=x onerror=alert(1)>')
  expect(page.find('img').exists()).toBe(false)
  await call?.find('[data-testid=timeline-play]').trigger('click')
  expect(page.find('recording-player-stub').attributes('recording')).toBe('c1-1')
  await duty?.find('[data-testid=timeline-open]').trigger('click')
  await flushPromises()
  expect(router.currentRoute.value.fullPath).toBe('/duties/5')
})

it('fetches what was earlier behind what is there', async () => {
  office.on('GET /customers/7/timeline', { items: [entry('file', '9', { text: '合同.pdf', details: { octets: 5 } })], next: null })
  await page.find('[data-testid=timeline-more]').trigger('click')
  await flushPromises()
  expect(office.to('GET', '/customers/7/timeline').at(-1)?.query.get('after')).toBe('more')
  expect(page.findAll('[data-testid=timeline-entry]')).toHaveLength(3)
  expect(page.find('[data-testid=timeline-more]').exists()).toBe(false)
})

it('calls states, classes and results by their names', () => {
  const named = (code: string, chinese: string) => ({ code, chinese, english: '', retired: false })
  useDictionaries().lists = {
    complaint_type: [named('product', '产品')],
    consultation_category: [named('use', '产品使用咨询')],
    follow_up_category: [named('after_use', '使用后')],
    follow_up_result: [named('fair', '一般')],
  }
  useWorkflows().known.steps = [{ code: 'registered', chinese: '已登记', english: '' }] as never
  const says = (kind: TimelineKind, details: Record<string, unknown>) =>
    told(entry(kind, '1', { details }), 'zh-CN', i18n.global.t, i18n.global.te)
  expect(says('message', { channel: 'sms', address: '13800138000', state: 'failed' })).toEqual(['短信', '13800138000', '未发出'])
  expect(says('follow_up', { number: 'HF1', category: 'after_use', state: 'done', result: 'fair' })).toEqual(['HF1', '使用后', '已回访', '一般'])
  expect(says('follow_up', { number: 'HF1', category: 'after_use', state: 'not_reached', result: '' })).toEqual(['HF1', '使用后', '未接通'])
  expect(says('complaint', { number: 'TS1', type: 'product', state: 'registered' })).toEqual(['TS1', '产品', '已登记'])
  expect(says('consultation', { number: 'ZX1', category: 'use', channel: '' })).toEqual(['ZX1', '产品使用咨询'])
})

it('has words for every kind, and says nothing wrong of one that has no details', () => {
  for (const kind of TIMELINE_KINDS) {
    expect(i18n.global.te(`documents.kinds.${kind}`)).toBe(true)
    expect(() => told(entry(kind, '1', { details: { amount: 1, currency: 'CNY', octets: 1 } }), 'zh-CN', i18n.global.t, i18n.global.te)).not.toThrow()
  }
})
