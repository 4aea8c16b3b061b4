import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import AttachmentsPart from '../parts/AttachmentsPart.vue'
import PartFault from '../parts/PartFault.vue'
import { useSession } from '../session'
import type { Attachment } from './model'
import { sizeText } from './sizes'

let office: PretendedOffice
let pinia: Pinia
let page: VueWrapper | undefined

function file(id: number, more: Partial<Attachment> = {}): Attachment {
  return {
    id,
    kind: 'customer',
    record: '7',
    name: `${id}.pdf`,
    octets: 2048,
    type: 'application/pdf',
    sha256: 'a'.repeat(64),
    at: '2026-11-27T01:00:00Z',
    by: '1001',
    ...more,
  }
}

async function open(items: Attachment[]): Promise<void> {
  office.on('GET /attachments', { items, total: items.length, most_octets: 1024 * 1024 })
  page = mount(AttachmentsPart, {
    props: { record: 'customer', id: 7 },
    global: { plugins: [pinia, i18n], components: { PartFault } },
  })
  await flushPromises()
}

beforeEach(async () => {
  office = new PretendedOffice()
  pinia = createPinia()
  setActivePinia(pinia)
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', extension: '1001', language: 'zh-CN', rights: [], hidden: [] })
  await useSession().load()
})
afterEach(() => {
  page?.unmount()
  vi.unstubAllGlobals()
})

it('shows pictures and lets others only be saved; what others attached an agent does not remove', async () => {
  await open([file(1, { by: '1002' }), file(2, { type: 'image/png', name: '<b>照片</b>.png' }), file(3, { type: 'image/svg+xml' })])
  const rows = page?.findAll('[data-testid=attachment]') ?? []
  expect(rows).toHaveLength(3)
  expect(rows[0]?.find('[data-testid=attachment-remove]').exists()).toBe(false)
  expect(rows[1]?.find('[data-testid=attachment-remove]').exists()).toBe(true)
  expect(page?.findAll('[data-testid=attachment-show]')).toHaveLength(1)
  expect(page?.find('.thumb img').attributes('src')).toBe('/api/v1/attachments/2/file?inline=true')
  expect(page?.text()).toContain('<b>照片</b>.png')
  expect(page?.find('b').exists()).toBe(false)
  expect(rows[0]?.find('[data-testid=attachment-save]').attributes('href')).toBe('/api/v1/attachments/1/file')
})

it('sends each file that is dropped, and says of each that was refused why', async () => {
  await open([])
  office.on('POST /attachments', new Refusal(422, 'file_infected'))
  const large = new File([new Uint8Array(1024 * 1024 + 1)], 'large.bin')
  await page
    ?.find('[data-testid=attachments]')
    .trigger('drop', { dataTransfer: { files: [new File(['x'], '合同 1.docx'), large] } })
  await flushPromises()
  const sent = office.asked.filter((one) => one.method === 'POST')
  expect(sent.map((one) => one.query.get('name'))).toEqual(['合同 1.docx'])
  expect(sent[0]?.query.get('record')).toBe('7')
  const refused = (page?.findAll('[data-testid=attach-refused]') ?? []).map((one) => one.text())
  expect(refused).toHaveLength(2)
  expect(refused[0]).toContain('合同 1.docx')
  expect(refused[1]).toContain('1.0 MiB')
  expect(office.asked.filter((one) => one.method === 'GET' && one.path.endsWith('/attachments'))).toHaveLength(2)
})

it('writes sizes for people', () => {
  expect([1, 2048, 15 * 1024, 1536 * 1024, 3 * 1024 ** 3].map(sizeText)).toEqual([
    '0.1 KiB',
    '2.0 KiB',
    '15 KiB',
    '1.5 MiB',
    '3.0 GiB',
  ])
})
