import { expect, it } from 'vitest'

import { filled, reasonOf } from './model'

it('a preview fills fields once, and leaves out what is not given', () => {
  expect(filled('{name}: {answer}{code}.', { name: '{answer}', answer: 'yes' })).toBe('{answer}: yes.')
  expect(filled('{Name} {}', { Name: 'x' })).toBe('{Name} {}')
})

it('a reason of a gateway is shown as it is', () => {
  expect(reasonOf('the customer wants no SMS')).toBe('noSms')
  expect(reasonOf('550 no such mailbox')).toBe('')
})
