import { describe, expect, it } from 'vitest'

import { pagesOf, startOf } from './rights'

describe('what the menu shows', () => {
  it.each([
    ['agent', ['desk', 'history', 'customers']],
    ['supervisor', ['desk', 'live', 'history', 'customers']],
    ['manager', ['live', 'history', 'customers']],
    ['admin', ['desk', 'live', 'history', 'customers', 'admin']],
  ] as const)('to a %s: %s', (role, pages) => {
    expect(pagesOf(role)).toEqual(pages)
    expect(pages).toContain(startOf(role))
  })
})
