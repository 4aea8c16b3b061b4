import { describe, expect, it } from 'vitest'

import { groupDigits } from './numbers'

describe('numbers in large figures', () => {
  it.each([
    ['13800138000', '138 0013 8000'],
    ['+8613800138000', '138 0013 8000'],
    ['02088886666', '020 8888 6666'],
    ['+862088886666', '020 8888 6666'],
    ['01088886666', '010 8888 6666'],
    ['075512345678', '0755 1234 5678'],
    ['+8675512345678', '0755 1234 5678'],
    ['1001', '1001'],
    ['10086', '10086'],
    ['+442071838750', '+442071838750'],
    ['anonymous', 'anonymous'],
    ['', ''],
  ])('%s is shown as %s', (number, shown) => expect(groupDigits(number)).toBe(shown))

  it('never adds or loses a digit, but for the country and its trunk zero', () => {
    for (const number of ['13912345678', '02012345678', '079112345678', '95588', '400123'])
      expect(groupDigits(number).replaceAll(' ', '')).toBe(number)
  })
})
