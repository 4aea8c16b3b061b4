import { describe, expect, it } from 'vitest'

import { pagesOf, startOf } from './rights'

describe('what the menu shows', () => {
  it.each([
    ['agent', ['desk', 'duties', 'history', 'customers', 'consultations']],
    ['supervisor', ['desk', 'live', 'duties', 'history', 'customers', 'consultations']],
    ['manager', ['live', 'duties', 'history', 'customers', 'consultations']],
    ['admin', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'admin']],
  ] as const)('to a %s: %s', (role, pages) => {
    expect(pagesOf(role)).toEqual(pages)
    expect(pages).toContain(startOf(role))
  })
})
