import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPinia } from 'pinia'
import { reactive } from 'vue'

import { cardOf } from '../customers/card'
import { i18n } from '../i18n'
import { customer, PretendedOffice, Refusal, type Asked } from '../kit/office'
import { emptyCard, type Card, type Customer } from '../model'
import CustomerForm from './CustomerForm.vue'

let office: PretendedOffice
beforeEach(() => {
  office = new PretendedOffice()
})
afterEach(() => vi.unstubAllGlobals())

function form(card: Card, known: Customer | null = null): ReturnType<typeof mount> {
  return mount(CustomerForm, {
    props: { card: reactive(card), known },
    global: { plugins: [createPinia(), i18n] },
    attachTo: document.body,
  })
}

/** A fault at a field is shown a tenth of a second late by the form's own doing. */
const shown = (page: ReturnType<typeof mount>, text: string): Promise<void> =>
  vi.waitFor(() => expect(page.text()).toContain(text), 5000)

describe('the card to fill in', () => {
  it('creates a customer with the number it was given, without empty lines', async () => {
    office.on('POST /customers', (asked: Asked) => ({ ...customer(9), ...(asked.body as Card) }))
    const page = form(emptyCard('13800138000'))
    await page.get('[data-testid=customer-name]').setValue('王芳')
    await page.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/customers')[0]?.body).toMatchObject({ name: '王芳', phones: ['13800138000'] })
    expect(page.emitted('saved')?.[0]).toMatchObject([{ id: 9, name: '王芳' }])
    page.unmount()
  })

  it('says what is wrong before it asks the server, and only when it was asked to save', async () => {
    const page = form(emptyCard())
    expect(page.text()).not.toContain('请至少填写')
    await page.get('form').trigger('submit')
    await flushPromises()
    await shown(page, '请至少填写姓名或一个号码')
    expect(office.asked.filter((asked) => asked.method !== 'GET')).toEqual([])
    page.unmount()
  })

  it('shows at the field what the server says of it, and keeps what was typed', async () => {
    office.on('PUT /customers/9', new Refusal(422, 'wrong_fields', { card: '这个卡号已属于另一位客户' }))
    const page = form({ ...emptyCard('10086'), card: '1' }, customer(9))
    await page.get('[data-testid=customer-card]').setValue('622588')
    await page.get('form').trigger('submit')
    await flushPromises()
    await shown(page, '这个卡号已属于另一位客户')
    expect(page.get<HTMLInputElement>('[data-testid=customer-card]').element.value).toBe('622588')
    expect(page.emitted('saved')).toBeUndefined()
    page.unmount()
  })

  it('tells that something was typed', async () => {
    const page = form(emptyCard())
    await page.get('[data-testid=customer-phone-0]').setValue('1')
    expect(page.emitted('typed')).toBeTruthy()
    page.unmount()
  })

  it('shows what another has changed meanwhile, and saves over nothing that was not chosen', async () => {
    const read = customer(9, { company: '电信' })
    const now = { ...read, company: '移动', address: '天河路', version: 2 }
    office.on('PUT /customers/9', (asked: Asked) =>
      (asked.body as Customer).version === 2
        ? { ...now, ...(asked.body as Card), version: 3 }
        : new Refusal(409, 'customer_changed', {}, { now }),
    )
    const page = form({ ...cardOf(read), company: '联通', card: '622588' }, read)
    await page.get('form').trigger('submit')
    await flushPromises()
    expect(page.findAll('[data-testid=customer-dispute]').map((row) => row.attributes('data-field'))).toEqual(['company'])
    expect(page.get('[data-testid=take-theirs]').text()).toContain('移动')
    expect(page.get('[data-testid=keep-mine]').text()).toContain('联通')
    await page.get('form').trigger('submit')
    expect(office.to('PUT', '/customers/9')).toHaveLength(1) // nothing is sent before it is chosen
    await page.get('[data-testid=take-theirs]').trigger('click')
    await page.get('form').trigger('submit')
    await flushPromises()
    expect(office.to('PUT', '/customers/9')[1]?.body).toMatchObject({
      version: 2,
      company: '移动',
      address: '天河路',
      card: '622588',
    })
    expect(page.emitted('saved')?.[0]).toMatchObject([{ version: 3 }])
    page.unmount()
  })
})
