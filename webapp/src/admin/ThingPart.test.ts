import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import ThingPart from './ThingPart.vue'

let office: PretendedOffice
const rule = (match: string): object => ({ match, trunks: ['telecom'], strip: 0, prepend: '' })

beforeEach(() => {
  setActivePinia(createPinia())
  office = new PretendedOffice()
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open(kind: string, items: object[]): Promise<ReturnType<typeof mount>> {
  office.on(`GET /${kind}`, { items, total: items.length })
  const page = mount(ThingPart as never, { props: { kind } as never, global: { plugins: [i18n] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('things whose order means something', () => {
  it('are moved up and down, all of them in one question', async () => {
    office.on('POST /outbound/order', null)
    const page = await open('outbound', [rule('0.'), rule('1.'), rule('.')])
    expect(page.findAll('[data-testid=thing-up]').map((one) => one.attributes('disabled') !== undefined)).toEqual([true, false, false])
    expect(page.findAll('[data-testid=thing-down]').map((one) => one.attributes('disabled') !== undefined)).toEqual([false, false, true])
    await page.findAll('[data-testid=thing-up]')[2]?.trigger('click')
    await flushPromises()
    expect(office.to('POST', '/outbound/order')[0]?.body).toEqual({ keys: ['0.', '.', '1.'] })
    await page.findAll('[data-testid=thing-down]')[0]?.trigger('click')
    await flushPromises()
    expect(office.to('POST', '/outbound/order')[1]?.body).toEqual({ keys: ['1.', '0.', '.'] })
    page.unmount()
  })

  it('are looked at again when others are there by now', async () => {
    office.on('POST /outbound/order', new Refusal(409, 'thing_changed', {}, { now: [] }))
    const page = await open('outbound', [rule('0.'), rule('.')])
    const asked = office.to('GET', '/outbound').length
    await page.findAll('[data-testid=thing-up]')[1]?.trigger('click')
    await flushPromises()
    expect(office.to('GET', '/outbound')).toHaveLength(asked + 1)
    page.unmount()
  })

  it('are not those of a list whose order means nothing', async () => {
    const page = await open('numbers', [{ match: '1', flow: 'main' }])
    expect(page.findAll('[data-testid=thing-up]')).toEqual([])
    page.unmount()
  })
})
