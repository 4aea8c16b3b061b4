import { describe, expect, it } from 'vitest'

import { emptyCard, type Customer } from '../model'
import { broughtTogether, cardFaults, cardOf, put, sameCard } from './card'

describe('a card that two people change', () => {
  const read = { ...emptyCard('10086'), name: '王芳', company: '电信' }

  it('keeps what either changed, and asks where both did', () => {
    const mine = { ...read, note: '晚上', level: 'gold', tags: ['new'] }
    const theirs = { ...read, company: '移动', level: 'vip', tags: ['new'] }
    const { card, disputed } = broughtTogether(read, mine, theirs)
    expect(disputed).toEqual(['level'])
    expect(card).toEqual({ ...read, note: '晚上', company: '移动', level: 'gold', tags: ['new'] })
  })

  it('asks nothing where they changed different things', () => {
    expect(broughtTogether(read, { ...read, phones: ['1', '2'] }, { ...read, sex: 'male' })).toEqual({
      card: { ...read, phones: ['1', '2'], sex: 'male' },
      disputed: [],
    })
  })
})

describe('custom fields that two people change', () => {
  const read = { ...emptyCard('10086'), fields: { plan: 'a', budget: 1, tags: ['x'] } }

  it('are brought together each by itself', () => {
    const mine = { ...read, fields: { ...read.fields, plan: 'b', budget: null } }
    const theirs = { ...read, fields: { plan: 'a', budget: 1, tags: ['x', 'y'], vip: true } }
    const { card, disputed } = broughtTogether(read, mine, theirs)
    expect(disputed).toEqual([])
    expect(card.fields).toEqual({ plan: 'b', budget: null, tags: ['x', 'y'], vip: true })
  })

  it('are asked about where both changed the same one', () => {
    const mine = { ...read, fields: { ...read.fields, plan: 'b' } }
    const theirs = { ...read, fields: { ...read.fields, plan: 'c', budget: 2 } }
    const { card, disputed } = broughtTogether(read, mine, theirs)
    expect(disputed).toEqual(['fields.plan'])
    expect(card.fields).toEqual({ plan: 'b', budget: 2, tags: ['x'] })
    put(card, theirs, 'fields.plan')
    expect(card.fields).toEqual({ plan: 'c', budget: 2, tags: ['x'] })
  })

  it('are the same whatever their order, and empty ones are none', () => {
    const other = { ...read, fields: { tags: ['x'], vip: null, budget: 1, plan: 'a' } }
    expect(sameCard(read, other)).toBe(true)
    expect(sameCard(read, { ...read, fields: { ...read.fields, plan: null } })).toBe(false)
  })
})

describe('a card', () => {
  it('needs a name or a number', () => {
    expect(cardFaults(emptyCard())).toEqual({ name: 'nameOrPhone' })
    expect(cardFaults(emptyCard('13800138000'))).toEqual({})
    expect(cardFaults({ ...emptyCard(), name: '王芳' })).toEqual({})
    expect(cardFaults({ ...emptyCard(), phones: ['  '] })).toEqual({ name: 'nameOrPhone' })
  })

  it.each(['13800138000', '+86 138-0013-8000', '(020) 8888 6666', '8888*12', '10086'])(
    'takes %s as a number',
    (phone) => expect(cardFaults(emptyCard(phone))).toEqual({}),
  )

  it.each(['王先生', '138001380OO', 'sip:1@2', '1'])('does not take %s as a number', (phone) =>
    expect(cardFaults(emptyCard(phone))).toEqual({ phones: 'badPhone' }),
  )

  it('knows an e-mail address by its at', () => {
    expect(cardFaults({ ...emptyCard('10086'), email: 'a@b.cn' })).toEqual({})
    expect(cardFaults({ ...emptyCard('10086'), email: 'a b@c' })).toEqual({ email: 'badEmail' })
  })

  it('is a copy without what the store adds', () => {
    const unmarked = { no_sms_at: null, no_sms_by: '', no_email_at: null, no_email_by: '' }
    const customer: Customer = { ...emptyCard('10086'), ...unmarked, id: 7, created_at: 'a', changed_at: 'b', version: 1 }
    const card = cardOf(customer)
    card.phones.push('10000')
    expect(customer.phones).toEqual(['10086'])
    card.tags.push('new')
    expect(customer.tags).toEqual([])
    expect('id' in card || 'created_at' in card || 'version' in card).toBe(false)
  })
})
