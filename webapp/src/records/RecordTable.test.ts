import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { h, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { CustomField } from '../fields/model'
import { i18n } from '../i18n'
import type { OwnFields } from './own'
import RecordTable from './RecordTable.vue'
import type { Column } from './table'

interface Parcel {
  id: number
  phone: string
  note: string
  fields?: Record<string, string>
}

const COLUMNS: Column<Parcel>[] = [
  { name: 'phone', label: '电话', width: 122, text: (row) => row.phone, number: true },
  { name: 'note', label: '备注', text: (row) => row.note, title: true },
  { name: 'mark', label: '标记', width: 80, title: (row) => `第 ${row.id} 件` },
]
const ROWS: Parcel[] = [
  { id: 7, phone: '13800138000', note: '易碎', fields: { size: 'XL' } },
  { id: 8, phone: '13900139000', note: '' },
]

function table(more: object = {}) {
  return mount(RecordTable<Parcel>, {
    props: {
      columns: COLUMNS,
      rows: ROWS,
      open: 8,
      about: (row: Parcel) => ({ label: `打开 ${row.id}`, class: 'soon', 'data-testid': 'parcel-row', 'data-parcel': row.id }),
      ...more,
    },
    slots: { mark: ({ row }: { row: Parcel }) => h('b', `* ${row.id}`) },
    attrs: { 'data-testid': 'parcels-table' },
    global: { plugins: [i18n, createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: {} }] })] },
  })
}

beforeEach(() => setActivePinia(createPinia()))

describe('a table of records', () => {
  it('has its columns with their widths, and in each cell the text or what the slot of that name draws', () => {
    const shown = table()
    expect(shown.attributes('data-testid')).toBe('parcels-table')
    expect(shown.findAll('col').map((col) => col.attributes('style'))).toEqual(['width: 122px;', undefined, 'width: 80px;'])
    expect(shown.findAll('th').map((head) => head.text())).toEqual(['电话', '备注', '标记'])
    const cells = shown.findAll('tbody tr')[0]!.findAll('td')
    expect(cells.map((cell) => cell.text())).toEqual(['13800138000', '易碎', '* 7'])
    expect(cells.map((cell) => cell.attributes('title'))).toEqual([undefined, '易碎', '第 7 件'])
    expect(cells.map((cell) => cell.classes('number'))).toEqual([true, false, false])
  })

  it('says what its rows are, which is open, and opens another by mouse or Enter', async () => {
    const shown = table()
    const [first, second] = shown.findAll('[data-testid=parcel-row]')
    expect([first!.attributes('aria-label'), first!.attributes('data-parcel'), first!.attributes('tabindex')]).toEqual(['打开 7', '7', '0'])
    expect([first!.classes().sort(), second!.classes().sort()]).toEqual([
      ['choosable', 'soon'],
      ['choosable', 'chosen', 'soon'],
    ])
    await first!.trigger('keydown', { key: 'Enter' })
    await second!.trigger('click')
    expect(shown.emitted('open')).toEqual([[7], [8]])
  })

  it("has columns of the office's own fields after its own", () => {
    const size = { id: 3, kind: 'consultation', name: 'size', type: 'text', chinese: '尺寸', english: 'Size' } as CustomField
    const own: OwnFields = {
      kind: 'consultation',
      asked: ref({}),
      columns: ref(['size']),
      shown: ref([size]),
      width: ref({ minWidth: '750px' }),
      fields: () => '',
    }
    const shown = table({ own })
    expect(shown.findAll('th').map((head) => head.text())).toEqual(['电话', '备注', '标记', '尺寸'])
    expect(shown.findAll('[data-testid=own-cell]').map((cell) => cell.text())).toEqual(['XL', ''])
    expect(shown.findAll('col')).toHaveLength(4)
    expect(shown.attributes('style')).toContain('min-width: 750px')
  })
})
