import { describe, expect, it } from 'vitest'

import { earsOf, faster, followed, isHeard, jumpFrom, momentAt, percent, quietOf, saved, whole, within, zoomed } from './playing'

const HOUR = 3600

describe('the part that is shown', () => {
  it('is halved around the moment, which stays where it is in the picture', () => {
    const half = zoomed(whole(HOUR), HOUR, 2, 900)
    expect(half).toEqual({ begin: 450, end: 2250 })
    expect(percent(half, 900)).toBe(25)
    expect(percent(whole(HOUR), 900)).toBe(25)
  })

  it('never leaves the recording, is never less than five seconds, and grows back to all of it', () => {
    let shown = whole(HOUR)
    for (let n = 0; n < 20; n++) shown = zoomed(shown, HOUR, 2, HOUR)
    expect(shown).toEqual({ begin: HOUR - 5, end: HOUR })
    for (let n = 0; n < 20; n++) shown = zoomed(shown, HOUR, 0.5, 12)
    expect(shown).toEqual(whole(HOUR))
    expect(zoomed(whole(3), 3, 2, 1)).toEqual(whole(3))
    expect(zoomed(whole(0), 0, 2, 0)).toEqual(whole(0))
  })

  it('goes on with what is played, page by page, and stays while that is in it', () => {
    const shown = { begin: 100, end: 200 }
    expect(followed(shown, HOUR, 150)).toBe(shown)
    expect(followed(shown, HOUR, 200)).toEqual({ begin: 195, end: 295 })
    expect(followed(shown, HOUR, 10)).toEqual({ begin: 5, end: 105 })
    const last = { begin: 3500, end: HOUR }
    expect(followed(last, HOUR, HOUR)).toBe(last)
  })

  it('tells where a click, a mark and a pause are', () => {
    const shown = { begin: 100, end: 200 }
    expect(momentAt(shown, 0.25)).toBe(125)
    expect(momentAt(shown, 7)).toBe(200)
    expect(percent(shown, 99)).toBeNull()
    expect(within(shown, { begin: 50, end: 120 })).toEqual({ left: 0, width: 20 })
    expect(within(shown, { begin: 10, end: 20 })).toBeNull()
  })
})

describe('silence', () => {
  const quiet = quietOf(
    [
      { begin: 0, end: 2 },
      { begin: 10, end: 14 },
      { begin: 50, end: 60 },
    ],
    [{ begin: 13, end: 20 }],
  )

  it('and pauses are one list without overlaps', () => {
    expect(quiet).toEqual([
      { begin: 0, end: 2 },
      { begin: 10, end: 20 },
      { begin: 50, end: 60 },
    ])
  })

  it('is jumped over, and the words at its ends are not cut', () => {
    expect(jumpFrom(quiet, 0, 60)).toBeCloseTo(1.7)
    expect(jumpFrom(quiet, 10.1, 60)).toBeNull()
    expect(jumpFrom(quiet, 11, 60)).toBeCloseTo(19.7)
    expect(jumpFrom(quiet, 19.7, 60)).toBeNull()
    expect(jumpFrom(quiet, 30, 60)).toBeNull()
    expect(jumpFrom(quiet, 51, 60)).toBe(60)
  })

  it('never makes it jump twice from where it has come to', () => {
    for (let at = 0; at < 60; at += 0.05) {
      const to = jumpFrom(quiet, at, 60)
      if (to === null) continue
      expect(to).toBeGreaterThan(at)
      if (to < 60) expect(jumpFrom(quiet, to, 60)).toBeNull()
    }
  })

  it('says how much is saved', () => {
    expect(saved(quiet, 60)).toBeCloseTo(1.7 + 9.4 + 9.7)
    expect(saved([], 60)).toBe(0)
  })
})

describe('who is heard', () => {
  const side = (muted = false, solo = false) => ({ muted, solo })
  it('is both, one that is soloed, or one whose other side is muted', () => {
    const both = { left: side(), right: side() }
    expect([earsOf(both, 'left'), earsOf(both, 'right')]).toEqual([[0], [1]])
    const alone = { left: side(false, true), right: side() }
    expect([earsOf(alone, 'left'), earsOf(alone, 'right')]).toEqual([[0, 1], []])
    const muted = { left: side(true), right: side() }
    expect([earsOf(muted, 'left'), earsOf(muted, 'right')]).toEqual([[], [0, 1]])
    expect(isHeard({ left: side(true, true), right: side() }, 'right')).toBe(false)
    expect(isHeard({ left: side(false, true), right: side(false, true) }, 'right')).toBe(true)
  })
})

describe('speed', () => {
  it('goes step by step from a half to three', () => {
    expect(faster(1, 1)).toBe(1.25)
    expect(faster(0.5, -1)).toBe(0.5)
    expect(faster(3, 1)).toBe(3)
    expect(faster(1, -1)).toBe(0.75)
  })
})
