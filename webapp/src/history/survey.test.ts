import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { h, KeepAlive } from 'vue'
import { createRouter, createMemoryHistory } from 'vue-router'

import { i18n } from '../i18n'
import { agent, call, PretendedOffice } from '../kit/office'
import { useLive } from '../live'
import type { SurveyAnswer } from '../model'
import { useSession } from '../session'
import CallDrawer from './CallDrawer.vue'
import HistoryPage from './HistoryPage.vue'

const at = '2026-11-24T08:05:00+00:00'
const said = (question: string, score: number): SurveyAnswer => ({
  call: 'c1',
  at,
  question,
  score,
  most: 5,
  agent: '1001',
  queue: 'sales',
})
const judged = call('c1', {
  ended_at: at,
  known: { card: '88001234' },
  survey: [said('service', 5), said('friendliness', 2)],
})

let office: PretendedOffice
const plugins = (): unknown[] => {
  const routes = ['history', 'customers', 'desk'].map((name) => ({ path: `/${name}/:call?/:id?`, name, component: {} }))
  return [pinia, i18n, createRouter({ history: createMemoryHistory(), routes })]
}
let pinia: ReturnType<typeof createPinia>

beforeEach(async () => {
  setActivePinia((pinia = createPinia()))
  office = new PretendedOffice()
  office.on('GET /session', { login: 'boss', name: '班长', role: 'supervisor', extension: null, language: 'zh-CN', rights: [], hidden: [] })
  office.on('GET /calls', { items: [judged, call('c2')], total: 2 })
  office.on('GET /calls/c1', {
    ...judged,
    sound: [],
    story: [
      { at, kind: 'call.known', details: { name: 'card', value: '88001234' } },
      { at, kind: 'call.survey', details: { question: 'service', score: 5, most: 5, agent: '1001', queue: 'sales' } },
    ],
  })
  await useSession().load()
  useLive().start()
  office.socket.say('live.snapshot', { seq: 0, topics: { 'agents/1001': agent() } })
  await vi.waitFor(() => expect(useLive().agentName('1001')).toBe('张三'))
})

enableAutoUnmount(afterEach)
afterEach(() => {
  useLive().stop()
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

describe.each(['zh-CN', 'en'] as const)('what a caller said, in %s', (language) => {
  beforeEach(() => (i18n.global.locale.value = language))

  it('stands in the list of calls, and not where nothing was said', async () => {
    const kept = { render: () => h(KeepAlive, () => h(HistoryPage)) } // as the shell keeps it
    const page = mount(kept as never, { global: { plugins: plugins() } as never })
    await flushPromises()
    const rows = page.findAll('[data-testid=history-row]')
    expect(rows[0]?.get('[data-testid=survey-scores]').text()).toBe('5/5 2/5')
    expect(rows[0]?.get('[data-testid=survey-scores]').attributes('title')).toContain(i18n.global.t('survey.service'))
    expect(rows[1]?.find('[data-testid=survey-scores]').exists()).toBe(false)
  })

  it('stands in the detail of the call, question by question, with what was known and in the story', async () => {
    mount(CallDrawer as never, {
      props: { call: 'c1' } as never,
      global: { plugins: plugins() } as never,
      attachTo: document.body,
    })
    await flushPromises()
    const rows = [...document.querySelectorAll('[data-testid=survey-scores] li')].map((row) => row.textContent)
    expect(rows[0]).toBe(`${i18n.global.t('survey.service')}5/5张三 · sales`)
    expect(rows[1]).toContain('friendliness2/5')
    expect(document.querySelector('[data-testid=known-rows]')?.textContent).toBe(`${i18n.global.t('known.card')}88001234`)
    const story = document.querySelector('[data-testid=call-story]')?.textContent ?? ''
    expect(story).toContain(i18n.global.t('story.call_known', { name: i18n.global.t('known.card'), value: '88001234' }))
    expect(story).toContain(
      i18n.global.t('story.call_survey', { question: i18n.global.t('survey.service'), score: 5, most: 5 }),
    )
  })
})
