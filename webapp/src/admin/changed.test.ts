import { describe, expect, it } from 'vitest'

import { changesOf, othersOf, over } from './changed'

describe('what of a form is sent over what there is', () => {
  it('is what was changed in it, with what that was', () => {
    expect(changesOf({ a: 1, list: ['x'], b: '' }, { a: 1, list: ['x', 'y'], b: 'z', secret: 's' })).toEqual({
      list: ['x', 'y'],
      b: 'z',
      secret: 's',
      was: { list: ['x'], b: '' },
    })
    expect(changesOf({ a: 1 }, { a: 1 })).toBeNull()
  })

  it('keeps what was typed over what there is now, and takes the rest', () => {
    expect(over({ a: 'typed', b: 1 }, { a: '', b: 1 }, { a: 'theirs', b: 2 })).toEqual({ a: 'typed', b: 2 })
  })

  it('names what both changed to different ends', () => {
    const began = { same: 1, mine: 1, theirs: 1, both: 1, agreed: 1 }
    const typed = { same: 1, mine: 2, theirs: 1, both: 2, agreed: 3 }
    expect(othersOf(typed, began, { same: 1, mine: 1, theirs: 9, both: 9, agreed: 3 })).toEqual(['both'])
  })
})
