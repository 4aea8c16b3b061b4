import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, type Asked } from '../kit/office'
import type { DictionaryValue } from '../model'
import DictionariesPart from './DictionariesPart.vue'

const value = (code: string, chinese: string, english: string): DictionaryValue => ({ code, chinese, english, retired: false })
const GOLD = value('gold', '金卡', 'Gold')
const VIP = value('vip', 'VIP', 'VIP')

let office: PretendedOffice
beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /dictionaries', { items: [{ name: 'level', values: [GOLD, VIP] }, { name: 'tag', values: [] }], total: 2 })
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open(): Promise<ReturnType<typeof mount>> {
  const page = mount(DictionariesPart as never, { global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}
const codes = (page: ReturnType<typeof mount>): (string | undefined)[] =>
  page.findAll('[data-testid=value]').map((row) => row.attributes('data-code'))

describe('the lists of values', () => {
  it('take a new value, whose code is proposed, in the order that is shown', async () => {
    office.on('PUT /dictionaries/level', (asked: Asked) => ({ name: 'level', ...(asked.body as object) }))
    const page = await open()
    await page.get('[data-testid=value-new]').trigger('click')
    const inputs = page.findAll('[data-testid=value]')[2]?.findAll('input') ?? []
    await inputs[0]?.setValue('大客户')
    await inputs[1]?.setValue('Key account!')
    await inputs[1]?.trigger('change')
    await page.findAll('[data-testid=value-up]')[1]?.trigger('click')
    await page.get('[data-testid=values-save]').trigger('click')
    await flushPromises()
    expect(office.to('PUT', '/dictionaries/level')[0]?.body).toEqual({
      values: [VIP, GOLD, value('key_account', '大客户', 'Key account!')],
    })
  })

  it('say what was retired instead of deleted', async () => {
    office.on('PUT /dictionaries/level', { name: 'level', values: [VIP, { ...GOLD, retired: true }] })
    const page = await open()
    await page.get('[data-testid=value-delete]').trigger('click')
    await page.get('[data-testid=values-save]').trigger('click')
    await flushPromises()
    expect(page.get('[data-testid=values-refused]').text()).toContain('金卡')
    expect(codes(page)).toEqual(['vip', 'gold'])
  })

  it('send nothing that has no name or a code twice', async () => {
    const page = await open()
    await page.get('[data-testid=value-new]').trigger('click')
    await page.get('[data-testid=values-save]').trigger('click')
    await flushPromises()
    expect(office.to('PUT', '/dictionaries/level')).toEqual([])
    expect(page.get('[data-testid=values-refused]').text()).toContain('代码只能用小写字母')
  })
})
