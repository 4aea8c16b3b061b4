import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import FlowsPart from './FlowsPart.vue'

const EXAMPLES = [
  { name: 'main_menu', title: '总机', about: '总机示例\nMain menu', nodes: 14, tests: true },
  { name: 'survey', title: '满意度评价', about: '', nodes: 8, tests: true },
]
const flow = (name: string): object => ({
  name,
  title: '',
  file: `${name}.yaml`,
  nodes: 3,
  in_service: true,
  numbers: [],
  version: 1,
  draft: null,
})

let office: PretendedOffice
let router: Router

beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /flows', { items: [flow('main'), flow('survey')], total: 2, faults: [] })
  office.on('GET /flow_examples', { items: EXAMPLES, total: 2 })
  office.on('POST /flow_examples/', { number: 1, at: '', by: 'root', how: 'published', note: '', of: null })
  const routes = ['flow', 'admin', 'start'].map((name) => ({ path: `/${name}/:flow?/:part?`, name, component: {} }))
  router = createRouter({ history: createMemoryHistory(), routes })
})
enableAutoUnmount(afterEach)
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

const by = <T extends HTMLElement>(id: string, more = ''): T => {
  const found = document.querySelector<T>(`[data-testid=${id}]${more}`)
  if (!found) throw new Error(`there is no ${id}${more}`)
  return found
}
const field = (id: string): HTMLInputElement => by<HTMLInputElement>(id)

async function type(id: string, text: string): Promise<void> {
  field(id).value = text
  field(id).dispatchEvent(new Event('input'))
  await flushPromises()
}

async function opened(): Promise<void> {
  await router.push('/start')
  mount(FlowsPart as never, { global: { plugins: [createPinia(), i18n, router] } as never, attachTo: document.body })
  await flushPromises()
  by('flow-example-new').click()
  await flushPromises()
}

async function make(): Promise<void> {
  by('example-make').closest('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await flushPromises()
}

describe('a new flow from an example', () => {
  it.each(['zh-CN', 'en'] as const)('is chosen, named and opened in the editor (%s)', async (language) => {
    i18n.global.locale.value = language
    await opened()
    expect(document.body.textContent).toContain(i18n.global.t('flow.fromExample'))
    expect(by('flow-example', '[data-example=main_menu]').textContent).toContain('Main menu')
    expect([field('example-name').value, field('example-title').value]).toEqual(['main_menu', '总机'])
    by('flow-example', '[data-example=survey] input').dispatchEvent(new Event('change'))
    await flushPromises()
    expect([field('example-name').value, field('example-title').value], 'survey is taken').toEqual(['', '满意度评价'])
    await type('example-name', 'judge')
    await make()
    expect(office.to('POST', '/flow_examples/survey/copy').map((asked) => asked.body)).toEqual([
      { name: 'judge', title: '满意度评价' },
    ])
    expect(router.currentRoute.value).toMatchObject({ name: 'flow', params: { flow: 'judge' } })
  })

  it('keeps what somebody typed when another example is chosen', async () => {
    await opened()
    await type('example-name', 'ours')
    by('flow-example', '[data-example=survey] input').dispatchEvent(new Event('change'))
    await flushPromises()
    expect(field('example-name').value).toBe('ours')
  })

  it.each(['main', 'a b', ''])('is not asked for under the name "%s"', async (name) => {
    await opened()
    await type('example-name', name)
    await make()
    await vi.waitFor(() => expect(document.body.textContent).toContain(i18n.global.t('flow.nameWrong')))
    expect(office.to('POST', '/flow_examples/main_menu/copy')).toEqual([])
  })

  it('that the server refuses is told at its field, and can be tried again', async () => {
    office.on('POST /flow_examples/', new Refusal(422, 'wrong_fields', { name: 'taken meanwhile' }))
    await opened()
    await make()
    await vi.waitFor(() => expect(document.body.textContent).toContain('taken meanwhile'))
    expect(router.currentRoute.value.name).toBe('start')
  })

  it('says so where there are no examples', async () => {
    office.on('GET /flow_examples', { items: [], total: 0 })
    await opened()
    expect(by('no-examples').textContent).toBe(i18n.global.t('flow.noExamples'))
  })
})
