import { describe, expect, it } from 'vitest'

import { emptyCard, type Customer } from '../model'
import { cardFaults, cardOf } from './card'

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
    const customer: Customer = { ...emptyCard('10086'), id: 7, created_at: 'a', changed_at: 'b' }
    const card = cardOf(customer)
    card.phones.push('10000')
    expect(customer.phones).toEqual(['10086'])
    expect('id' in card || 'created_at' in card).toBe(false)
  })
})
