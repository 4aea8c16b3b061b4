import { describe, expect, it } from 'vitest'

import { pagesOf, startOf } from './rights'

describe('what the menu shows', () => {
  it.each([
    ['agent', ['desk', 'duties', 'history', 'customers', 'consultations', 'complaints']],
    ['supervisor', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints']],
    ['manager', ['live', 'duties', 'history', 'customers', 'consultations', 'complaints']],
    ['admin', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'admin']],
  ] as const)('to a %s: %s', (role, pages) => {
    expect(pagesOf(role)).toEqual(pages)
    expect(pages).toContain(startOf(role))
  })
})
