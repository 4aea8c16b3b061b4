import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { useFields } from '../fields/fields'
import type { CustomField, FieldType, FieldValues } from '../fields/model'
import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import type { Me } from '../model'
import { useSession } from '../session'
import CustomFacts from './CustomFacts.vue'
import CustomFields from './CustomFields.vue'

const field = (name: string, type: FieldType, more: Partial<CustomField> = {}): CustomField => ({
  id: name.charCodeAt(0), kind: 'customer', name, type, chinese: `${name}中`, english: `${name} en`, dictionary: '', target: '',
  places: 0, required: false, readers: ['agent'], writers: ['agent'], choices: [], retired: false, position: 0, version: 1, ...more,
}) // prettier-ignore
const RED = { code: 'red', chinese: '红', english: 'Red', retired: true }
const BLUE = { code: 'blue', chinese: '蓝', english: 'Blue', retired: false }

const router = createRouter({
  history: createMemoryHistory(),
  routes: ['', 'customers', 'complaints'].map((name) => ({ path: `/${name}/:id?`, name: name || 'start', component: { render: () => null } })),
})
let office: PretendedOffice
let pinia: ReturnType<typeof createPinia>
const values = ref<FieldValues>({})

async function open(all: CustomField[], known: FieldValues = {}, faults: Record<string, string> = {}) {
  office.on('GET /custom-fields', { items: all, total: all.length })
  values.value = known
  const page = mount(
    defineComponent(() => () => [
      h(CustomFields, {
        kind: 'customer',
        faults,
        modelValue: values.value,
        'onUpdate:modelValue': (now: FieldValues) => (values.value = now),
      }),
      h('dl', h(CustomFacts, { kind: 'customer', values: values.value })),
    ]),
    { global: { plugins: [router, pinia, i18n] }, attachTo: document.body },
  )
  await flushPromises()
  return page
}

beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /dictionaries', { items: [], total: 0 })
  pinia = createPinia()
  setActivePinia(pinia)
  useSession().me = { login: '1001', role: 'agent' } as Me
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

describe('custom fields in a form', () => {
  it('take what is typed as what it is', async () => {
    const page = await open([field('a', 'text'), field('n', 'number'), field('d', 'date')])
    const [a, n, d] = page.findAll('input')
    await a?.setValue('x')
    await d?.setValue('2026-11-27')
    await n?.setValue('12.')
    expect(values.value).toEqual({ a: 'x', d: '2026-11-27', n: '12.' })
    await n?.setValue('12.0')
    expect(n?.element.value).toBe('12.0') // else 12.05 could not be typed
    await n?.setValue('12.05')
    await a?.setValue('')
    expect(values.value).toEqual({ a: null, d: '2026-11-27', n: 12.05 })
    values.value = { n: 7 } // another's value is taken over
    await flushPromises()
    expect(n?.element.value).toBe('7')
    page.unmount()
  })

  it('are closed to who may not write them, and gone where they are retired and empty', async () => {
    const page = await open(
      [field('a', 'text', { writers: [] }), field('b', 'text', { retired: true }), field('c', 'text', { retired: true })],
      { a: 'read', b: 'old' },
    )
    const inputs = page.findAll('input')
    expect(inputs.map((one) => [one.element.value, one.element.disabled])).toEqual([['read', true], ['old', true]])
    expect(useFields().filled('customer', values.value)).toEqual({})
    page.unmount()
  })

  it('send each field that is filled in, empty ones too, and show what the server says of it', async () => {
    const page = await open([field('a', 'text', { required: true }), field('y', 'yes_no')], { y: false }, { 'fields.a': '必须填写' })
    expect(useFields().filled('customer', values.value)).toEqual({ a: null, y: false })
    await vi.waitFor(() => expect(page.text()).toContain('必须填写'), 5000)
    page.unmount()
  })
})

describe('custom fields to read', () => {
  it('are words in the language of who reads', async () => {
    const choices = [RED, BLUE]
    const page = await open(
      [field('a', 'choice', { choices }), field('m', 'multi_choice', { choices }), field('y', 'yes_no'), field('e', 'text')],
      { a: 'red', m: ['blue', 'gone'], y: false },
    )
    const facts = () => page.findAll('[data-testid=custom-fact]').map((fact) => fact.text())
    expect(page.findAll('dt').map((one) => one.text())).toEqual(['a中', 'm中', 'y中'])
    expect(facts()).toEqual(['红', '蓝、gone', '否'])
    i18n.global.locale.value = 'en'
    await flushPromises()
    expect(facts()).toEqual(['Red', 'Blue, gone', 'No'])
    i18n.global.locale.value = 'zh-CN'
    page.unmount()
  })

  it('offer no retired choice but the one that stands there', async () => {
    const page = await open([field('a', 'choice', { choices: [RED, BLUE] })])
    const known = useFields().of('customer')[0] as CustomField
    expect(useFields().choices(known, []).map((one) => one.code)).toEqual(['blue'])
    expect(useFields().choices(known, ['red']).map((one) => one.code)).toEqual(['red', 'blue'])
    page.unmount()
  })
})

describe('references to records', () => {
  const about = field('about', 'reference', { target: 'complaint' })

  it('are found by words, and named by their sheet', async () => {
    office.on('GET /complaints/7', { complaint: { id: 7, number: 'TS20261127-0007', name: '张三' } })
    office.on('GET /complaints', { items: [{ id: 8, number: 'TS20261127-0008', name: '' }], total: 1 })
    const page = await open([about], { about: 7 })
    expect(page.find('[data-testid=custom-fact]').text()).toBe('TS20261127-0007 · 张三')
    expect(page.find('[data-testid=custom-fact] a').attributes('href')).toBe('/complaints/7')
    expect(office.to('GET', '/complaints/7')).toHaveLength(1)
    const pick = page.findComponent({ name: 'ElSelect' })
    await (pick.props('remoteMethod') as (text: string) => Promise<void>)(' 漏水 ')
    expect(office.to('GET', '/complaints').map((asked) => asked.query.get('text'))).toEqual(['漏水'])
    await flushPromises()
    pick.vm.$emit('update:modelValue', 8)
    expect(values.value).toEqual({ about: 8 })
    pick.vm.$emit('update:modelValue', '')
    expect(values.value).toEqual({ about: null })
    page.unmount()
  })

  it('that are gone, or not to be seen, say so and lead nowhere', async () => {
    office.on('GET /complaints/7', new Refusal(404))
    const page = await open([about], { about: 7 })
    await flushPromises()
    expect(page.find('[data-testid=custom-fact]').text()).toBe('7（已不存在，或无权查看）')
    expect(page.find('[data-testid=custom-fact] a').exists()).toBe(false)
    page.unmount()
  })

  it('are asked for again when the server was away', async () => {
    office.reachable = true
    office.on('GET /complaints/7', new Refusal(503))
    const page = await open([about], { about: 7 })
    expect(page.find('[data-testid=custom-fact]').text()).toBe('7')
    office.on('GET /complaints/7', { complaint: { id: 7, number: 'TS-7', name: '' } })
    expect(useFields().text(about, 7)).toBe('7')
    await flushPromises()
    expect(useFields().text(about, 7)).toBe('TS-7')
    page.unmount()
  })
})
