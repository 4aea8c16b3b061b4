import { describe, expect, it } from 'vitest'

import { pagesOf, startOf } from './rights'

describe('what the menu shows', () => {
  it.each([
    ['agent', ['desk', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query']],
    ['supervisor', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query']],
    ['manager', ['live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query']],
    ['admin', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query', 'admin']],
  ] as const)('to a %s: %s', (role, pages) => {
    expect(pagesOf(role)).toEqual(pages)
    expect(pages).toContain(startOf(role))
  })
})
