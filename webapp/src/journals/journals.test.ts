import { describe, expect, it } from 'vitest'

import { dayOf, journalAddress, sheetAddress } from './journals'

const day = new Date(2026, 10, 27, 23, 59)

describe('addresses of prints', () => {
  it('name the day on the wall, whatever the hour', () => {
    expect(dayOf(new Date(2026, 0, 5, 0, 0))).toBe('2026-01-05')
    expect(journalAddress('/consultations', { period: 'week', day, last: null, format: 'pdf', lang: 'en' })).toBe(
      '/api/v1/consultations/journal?period=week&day=2026-11-27&format=pdf&lang=en',
    )
  })

  it('have the last day of any days, and what the list is narrowed to', () => {
    const last = new Date(2026, 11, 1)
    const wanted = { period: 'other', day, last, format: 'csv-gb18030', lang: 'zh-CN' } as const
    expect(journalAddress('/consultations', wanted, { category: 'use', channel: '' })).toBe(
      '/api/v1/consultations/journal?period=other&day=2026-11-27&last=2026-12-01&category=use&format=csv-gb18030&lang=zh-CN',
    )
    expect(journalAddress('/x', { ...wanted, period: 'day' })).not.toContain('last')
  })

  it('lead to one sheet', () =>
    expect(sheetAddress('/consultations', 7, 'page', 'zh-CN')).toBe('/api/v1/consultations/7/sheet?format=page&lang=zh-CN'))
})
