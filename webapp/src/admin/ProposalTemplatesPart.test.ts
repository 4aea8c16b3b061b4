import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import ProposalTemplatesPart from './ProposalTemplatesPart.vue'

let office: PretendedOffice
let page: VueWrapper
const words = { name_zh: '方案', name_en: 'Plan', text_zh: '# 方案', text_en: '', retired: false }
const kept = { ...words, id: 7, version: 2, changed_at: '2026-11-24T08:00:00Z', changed_by: 'admin' }
const listing = {
  items: [kept],
  total: 1,
  fields: [
    { name: 'customer.name', chinese: '姓名', english: 'Name' },
    { name: 'date', chinese: '日期', english: 'Date' },
  ],
  most_text: 20000,
  example: { ...words, text_zh: '示例' },
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const pinia = createPinia()
  setActivePinia(pinia)
  office = new PretendedOffice()
  office.on('GET /proposal-templates', listing)
  office.on('POST /proposal-templates/preview', { html: '<article><h1>方案</h1></article>' })
  page = mount(ProposalTemplatesPart, { global: { plugins: [pinia, i18n] }, attachTo: document.body })
  await look()
})
afterEach(() => {
  page.unmount()
  vi.useRealTimers()
})

async function look(): Promise<void> {
  await flushPromises()
  await vi.advanceTimersByTimeAsync(1000)
  await flushPromises()
}

describe('the templates of proposals', () => {
  it('show how a text looks, again after each change of it', async () => {
    expect(page.find('.h1').text()).toBe('方案')
    const area = page.find<HTMLTextAreaElement>('[data-testid=proposal-template-text]')
    await area.setValue('# {proposal.title}')
    await look()
    office.on('POST /proposal-templates/preview', { html: '<article><p>您好</p></article>' })
    await area.setValue('您好')
    await look()
    expect(page.find('[data-testid=paper]').html()).toContain('<p>您好</p>')
    expect(page.find('.h1').exists()).toBe(false)
    const sent = office.to('POST', '/proposal-templates/preview').map((one) => one.body as { text: string })
    expect(sent.map((one) => one.text)).toEqual(['# 方案', '# {proposal.title}', '您好'])
  })

  it('say what is no field of a text beside it', async () => {
    office.on('POST /proposal-templates/preview', new Refusal(422, 'wrong_fields', { text: '不能用 {x}' }))
    await page.find('[data-testid=proposal-template-text]').setValue('{x}')
    await look()
    expect(page.text()).toContain('不能用 {x}')
  })

  it('are saved over what was seen: what another has left is shown, and faults with their text', async () => {
    const now = { ...kept, version: 3, text_zh: '别人的' }
    const form = page.find('form')
    office.on('PUT /proposal-templates/7', new Refusal(409, 'changed_meanwhile', {}, { now }))
    await form.trigger('submit')
    await look()
    expect(page.find('[data-testid=proposal-template-changed]').text()).toContain('别人的')
    office.on('PUT /proposal-templates/7', new Refusal(422, 'wrong_fields', { text_en: 'no {x} here' }))
    await form.trigger('submit')
    await flushPromises()
    await vi.advanceTimersByTimeAsync(200) // before the text is looked at, as it stands, once more
    expect(page.text()).toContain('no {x} here')
    await look()
    const last = { ...now, ...words, version: 4 }
    office.on('PUT /proposal-templates/7', last)
    office.on('GET /proposal-templates', { ...listing, items: [last] })
    await form.trigger('submit')
    await look()
    expect(office.to('PUT', '/proposal-templates/7').map((one) => (one.body as { version: number }).version)).toEqual([2, 3, 3])
    expect(page.find('[data-testid=proposal-template-changed]').exists()).toBe(false)
  })
})
