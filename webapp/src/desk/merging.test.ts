import { describe, expect, it } from 'vitest'

import { merged } from './merging'

describe('notes of two on one call', () => {
  it.each([
    ['nobody else has written', 'a', 'a b', 'a', 'a b'],
    ['nothing was typed here', 'a', 'a', 'a c', 'a c'],
    ['both have gone on from the same', 'a', 'a b', 'a c', 'a c\n b'],
    ['both have begun', '', 'mine', 'theirs', 'theirs\nmine'],
    ['a draft that holds what is kept already', '', 'a b', 'a', 'a b'],
    ['what was sent is there already', '', 'a', 'a\nc', 'a\nc'],
    ['what was there before was rewritten', 'a', 'x', 'a c', 'a c\nx'],
  ])('%s', (_, before, mine, theirs, both) => expect(merged(before, mine, theirs)).toBe(both))
})
