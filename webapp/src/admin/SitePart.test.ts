import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import SitePart from './SitePart.vue'

let office: PretendedOffice
beforeEach(() => {
  setActivePinia(createPinia())
  office = new PretendedOffice()
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function applied(): Promise<ReturnType<typeof mount>> {
  const page = mount(SitePart as never, { global: { plugins: [i18n] }, attachTo: document.body })
  await page.get('[data-testid=site-text]').setValue('queues: [{name: sales, ring: 20}]')
  await page.get('[data-testid=site-apply]').trigger('click')
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('the site file on its page', () => {
  it('says what stays as a page changed it, who did and when', async () => {
    const kept = [
      { section: 'queues', key: 'sales', fields: ['ring'], by: 'boss', at: '2026-11-28T09:12:00+00:00' },
      { section: 'users', key: '1001', fields: [], by: 'root', at: '2026-11-28T09:12:00+00:00' },
    ]
    office.on('POST /site', { changes: [], revision: 3, kept })
    const page = await applied()
    const said = page.get('[data-testid=site-kept]').findAll('li').map((line) => line.text())
    expect(said[0]).toMatch(/^技能组 sales: 振铃时长（boss，2026/)
    expect(said[1]).toMatch(/^用户 1001: 删除（root，/)
    page.unmount()
  })

  it('takes the word of the file where that is asked for, once', async () => {
    const faults = [{ file: 'site.yaml', line: 1, column: 24, reason: 'queues.ring：boss 已在页面上改为 45' }]
    office.on('POST /site', new Refusal(422, 'faulty_file', {}, { faults }))
    const page = await applied()
    expect(page.get('[data-testid=site-refused]').text()).toContain('boss')
    office.on('POST /site', { changes: ['queue sales: ring'], revision: 4, kept: [] })
    await page.get('[data-testid=site-overwrite] input').setValue(true)
    await page.get('[data-testid=site-apply]').trigger('click')
    await flushPromises()
    expect(office.to('POST', '/site').map((one) => one.query.get('overwrite'))).toEqual([null, 'true'])
    expect(page.get('[data-testid=site-applied]').text()).toContain('sales')
    expect(page.get<HTMLInputElement>('[data-testid=site-overwrite] input').element.checked).toBe(false)
    page.unmount()
  })
})
