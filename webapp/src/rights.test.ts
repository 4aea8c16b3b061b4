import { describe, expect, it } from 'vitest'

import { keepsCards, may, pagesOf, startOf } from './rights'

const ALL = ['session', 'desk', 'duty', 'call.read', 'customer.read', 'consultation.read', 'complaint', 'appointment.read', 'query']

describe('what the menu shows', () => {
  it.each([
    ['agent', ['desk', 'duties', 'history', 'customers', 'consultations', 'complaints', 'appointments', 'query']],
    ['supervisor', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'appointments', 'query']],
    ['manager', ['live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'appointments', 'query']],
    ['admin', ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'appointments', 'query', 'admin']],
  ] as const)('to a %s: %s', (role, pages) => {
    const me = { role, rights: ALL }
    expect(pagesOf(me)).toEqual(pages)
    expect(pages).toContain(startOf(me))
  })

  it('has a page where one of the rights is left that something on it needs', () => {
    for (const right of ['campaign', 'do_not_call']) expect(pagesOf({ role: 'agent', rights: [right] })).toEqual(['campaigns'])
  })

  it('is without what was taken from the role', () => {
    const me = { role: 'agent' as const, rights: ['session', 'duty', 'call.read'] }
    expect(pagesOf(me)).toEqual(['duties', 'history'])
    expect(startOf(me)).toBe('duties')
  })
})

describe('what one may', () => {
  it('is what the server says, not what the role is called', () => {
    expect(keepsCards({ rights: ['card.write'] })).toBe(true)
    expect(keepsCards({ rights: [] })).toBe(false)
    expect(may(null, 'session')).toBe(false)
  })
})
